"""Many revisions in flight: what waits for what, and what does not."""
import pytest

from test_targets import write
from upgrade_fixtures import ADD, FIRST, RENAME, SECOND, THIRD, columns, states, users

FOURTH = "aaaaaaaaaaa4"


@pytest.fixture
def flight(users):
    """The rename is expanded, with rows that wait for its backfill."""
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade")
    return users


def test_a_waiting_contract_is_in_nobodys_way(flight, database):
    flight.revision(THIRD, ADD, revises=SECOND)
    flight.ok("upgrade")
    assert states(database) == {FIRST: "expanded", SECOND: "expanded", THIRD: "expanded"}


def test_a_requirement_stops_only_what_comes_after_it(flight, database):
    write(flight, THIRD, [SECOND], requires=[SECOND])
    write(flight, FOURTH, [THIRD])
    write(flight, "free", [SECOND])
    result = flight.run("upgrade", "--format", "json")
    assert result.returncode == 8
    assert [(it["revision"], it["requires"], it["command"]) for it in result.json["waiting"]] == \
        [(THIRD, SECOND, f"sluice backfill run {SECOND}"), (FOURTH, THIRD, None)]
    assert set(states(database)) == {FIRST, SECOND, "free"}
    assert f"`sluice backfill run {SECOND}`" in flight.fails(8, "upgrade").stderr
    flight.ok("backfill", "run")
    assert f"`sluice cutover {SECOND}`" in flight.fails(8, "upgrade").stderr


def test_required_backfills_run_on_the_way(flight, database):
    write(flight, THIRD, [SECOND], requires=[f"{SECOND} backfilled"])
    flight.fails(8, "upgrade")
    flight.ok("upgrade", "--backfill")
    assert states(database) == {FIRST: "expanded", SECOND: "backfilled", THIRD: "expanded"}


def test_an_empty_table_is_filled_without_being_asked(project, database):
    write(project, FIRST, body="-- sluice: expand\nCREATE TABLE users (id int, full_name text);\n")
    project.revision(SECOND, RENAME, revises=FIRST)
    write(project, THIRD, [SECOND], requires=[f"{SECOND} backfilled"])
    project.ok("upgrade")
    assert states(database)[THIRD] == "expanded"


def test_what_is_final_meets_every_requirement(project, database):
    write(project, "plain")
    write(project, "next", ["plain"], requires=["plain contracted"])
    assert "next" in project.ok("upgrade", "--dry-run").stdout
    project.ok("upgrade")
    assert set(states(database)) == {"plain", "next"}


def test_fresh_runs_whole_lives(project, database):
    write(project, FIRST, body="-- sluice: expand\nCREATE TABLE users (id int, full_name text);\n")
    project.revision(SECOND, RENAME, revises=FIRST)
    write(project, THIRD, [SECOND], requires=[SECOND])
    project.ok("upgrade", "--fresh")
    assert states(database) == {FIRST: "expanded", SECOND: "contracted", THIRD: "expanded"}
    assert columns(database) == ["id", "display_name"]
    assert "nothing to do" in project.ok("upgrade", "--fresh").stdout


def test_fresh_is_refused_where_there_are_rows(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    result = users.fails(8, "upgrade", "--fresh")
    assert "public.users" in result.stderr and SECOND in result.stderr
    assert set(states(database)) == {FIRST}


def test_fresh_is_refused_where_an_app_was_rolled_out(flight, database):
    database.execute("TRUNCATE users; INSERT INTO sluice.rollout (app, to_version, plan_digest, plan) "
                     "VALUES ('shop', '2', 'x', '{}')")
    assert "rollout" in flight.fails(8, "upgrade", "--fresh").stderr
