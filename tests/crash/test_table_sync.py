"""kill -9 while a mapping between two tables comes, fills, turns round, turns back and goes."""
import pathlib
import sys

import pytest

from conftest import fault_points
from life_fixtures import Life

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from table_fixtures import SPLIT, SPLIT_BODY  # noqa: E402

FIRST = "5b0000000000"
# The index makes a second run of expand, and of finish and contract: more instants to die at.
BODY = SPLIT_BODY.replace(
    "-- sluice: sync users to", "CREATE INDEX CONCURRENTLY users_city ON users (city);\n"
    "-- sluice: sync users to").replace(
    "-- sluice: contract\n", "-- sluice: finish\n"
    "CREATE INDEX CONCURRENTLY addresses_city ON addresses (city);\n"
    "-- sluice: contract\nDROP INDEX CONCURRENTLY users_city;\n").replace(
    "-- sluice: downgrade\n", "-- sluice: downgrade\nDROP INDEX CONCURRENTLY users_city;\n")
COMMANDS = [
    ("upgrade", FIRST),
    ("upgrade", SPLIT),
    ("upgrade", SPLIT, "--backfill"),
    ("cutover", SPLIT),
    ("cutover", SPLIT, "--undo"),
    ("downgrade", FIRST),
    ("upgrade", SPLIT, "--backfill"),
    ("cutover", SPLIT),
    ("contract", SPLIT),
]
# Not the second time of those that come twice.
KILLED = [number for number in range(1, len(COMMANDS))
          if COMMANDS.index(COMMANDS[number]) == number]
LIFE = Life([(FIRST, None, "-- sluice: expand\nCREATE TABLE users (id bigint PRIMARY KEY, name text, "
              "street text, city text);\n"), (SPLIT, FIRST, BODY)], COMMANDS,
            "INSERT INTO users SELECT i, 'n', nullif('s' || i % 5, 's0'), nullif('c' || i % 3, 'c0') "
            "FROM generate_series(1, 300) i", "gate: {quiet: 0s}\nbackfill: {range_pages: 16, parts: 2, duty_cycle: 100%}\n")


@pytest.fixture(scope="module")
def stages(server, tmp_path_factory):
    found = LIFE.stages(server, tmp_path_factory.mktemp("undisturbed") / "project")
    yield found
    for before, _ in found:
        server.drop_database(before)


@pytest.mark.parametrize("number", KILLED, ids=[" ".join(COMMANDS[number]) for number in KILLED])
def test_dies_at_every_point_and_ends_the_same(server, stages, tmp_path, number):
    points = fault_points("apply")
    if "--backfill" in COMMANDS[number]:
        points += fault_points("backfill")
    before, (_, after) = stages[number - 1][1], stages[number]
    assert before["triggers"] != after["triggers"] or "--backfill" in COMMANDS[number], "it did nothing"
    assert LIFE.die_everywhere(server, tmp_path, stages[number], COMMANDS[number], points) >= 4
