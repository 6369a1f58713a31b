"""kill -9 while a mapping comes, fills, turns round, turns back and goes: one between two tables, and one whose
columns swap their names."""
import pathlib
import sys

import pytest

from conftest import fault_points
from life_fixtures import Life

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from table_fixtures import SPLIT, SPLIT_BODY  # noqa: E402

FIRST = "5b0000000000"
USERS = "-- sluice: expand\nCREATE TABLE users (id bigint PRIMARY KEY, name text, n int NOT NULL, street text, city text);\n"
ROWS = "INSERT INTO users SELECT i, 'n', i, nullif('s' || i % 5, 's0'), nullif('c' || i % 3, 'c0') FROM generate_series(1, 300) i"
# The indexes make a second run of expand, of finish and of contract, the proof one of downgrade: more instants to
# die at.
BETWEEN = SPLIT_BODY.replace(
    "-- sluice: sync users to", "ALTER TABLE users ALTER n DROP NOT NULL;\nCREATE INDEX CONCURRENTLY users_city ON users (city);\n"
    "-- sluice: sync users to").replace(
    "-- sluice: contract\n", "-- sluice: finish\n"
    "CREATE INDEX CONCURRENTLY addresses_city ON addresses (city);\n"
    "-- sluice: contract\nDROP INDEX CONCURRENTLY users_city;\n").replace(
    "-- sluice: downgrade\n", "-- sluice: downgrade\nALTER TABLE users ADD CONSTRAINT n_given CHECK (n IS NOT NULL) NOT VALID;\n"
    "ALTER TABLE users VALIDATE CONSTRAINT n_given;\nALTER TABLE users ALTER n SET NOT NULL;\n"
    "ALTER TABLE users DROP CONSTRAINT n_given;\nDROP INDEX CONCURRENTLY users_city;\n")
SWAP = """-- sluice: expand
ALTER TABLE users ADD COLUMN n_new bigint;
-- sluice: sync users
SELECT n::bigint AS n_new;
-- sluice: sync users reverse
SELECT n_new::int AS n;
-- sluice: finish
CREATE INDEX CONCURRENTLY users_n_new ON users (n_new);
-- sluice: cutover
ALTER TABLE users RENAME COLUMN n TO n_old;
ALTER TABLE users RENAME COLUMN n_new TO n;
ALTER INDEX users_n_new RENAME TO users_n;
-- sluice: cutover undo
DROP INDEX users_n;
ALTER TABLE users RENAME COLUMN n TO n_new;
ALTER TABLE users RENAME COLUMN n_old TO n;
-- sluice: contract
ALTER TABLE users DROP COLUMN n_old;
-- sluice: downgrade
ALTER TABLE users DROP COLUMN n_new;
"""
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
LIVES = {name: Life([(FIRST, None, USERS), (SPLIT, FIRST, body)], COMMANDS, ROWS,
                    "gate: {quiet: 0s}\nbackfill: {range_pages: 16, parts: 2}\n")
         for name, body in (("between", BETWEEN), ("swap", SWAP))}


@pytest.fixture(scope="module")
def stages(server, tmp_path_factory):
    found = {name: life.stages(server, tmp_path_factory.mktemp("undisturbed") / "project")
             for name, life in LIVES.items()}
    yield found
    for stage in found.values():
        for before, _ in stage:
            server.drop_database(before)


@pytest.mark.parametrize("number", KILLED, ids=[" ".join(COMMANDS[number]) for number in KILLED])
@pytest.mark.parametrize("name", LIVES)
def test_dies_at_every_point_and_ends_the_same(server, stages, tmp_path, name, number):
    command, stage = COMMANDS[number], stages[name]
    points = fault_points("apply")
    if "--backfill" in command:
        points += fault_points("backfill")
    else:
        assert stage[number - 1][1]["triggers"] != stage[number][1]["triggers"] or \
            stage[number - 1][1]["columns"] != stage[number][1]["columns"], "it did nothing"
    assert LIVES[name].die_everywhere(server, tmp_path, stage[number], command, points) >= 4
