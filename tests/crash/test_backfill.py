"""kill -9 at every point of a backfill; then the same command again: each row is updated once, and
rows, states and sums are those of an undisturbed run."""
import pathlib
import signal
import sys

import pytest

from conftest import fault_points, run_to_fault

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from backfill_fixtures import RENAME, count_updates, expand  # noqa: E402

ROWS = 1500
SETTINGS = """backfill:
  range_pages: 16
  duty_cycle: 100%
  parts: 2
"""
# Dying at the first part, in the middle of a range, and in a later range are different states.
PASSES = (1, 2, 5)


def outcome(database):
    return {
        "rows": database.query("SELECT id, full_name, display_name FROM users ORDER BY id"),
        "hits": database.query("SELECT id, count(*) FROM hits GROUP BY id ORDER BY id"),
        "backfill": database.query("SELECT revision, ordinal, relation, statement, state, wanted, "
                                   "rows, skipped FROM sluice.backfill"),
        "chunks": database.query("SELECT * FROM sluice.chunk"),
        "revision": database.query("SELECT id, state, final, partly FROM sluice.revision"),
        "sections": database.query("SELECT * FROM sluice.section ORDER BY revision, section"),
        "steps": database.query("SELECT phase, ordinal, hash, state FROM sluice.step "
                                "ORDER BY phase, ordinal"),
        "locks": database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                                "AND database = (SELECT oid FROM pg_database "
                                "WHERE datname = current_database())"),
    }


def prepare(project, database):
    expand(project, database, rows=ROWS, settings=SETTINGS)
    count_updates(database)


@pytest.fixture(scope="module")
def undisturbed(server, tmp_path_factory):
    """What a run without a fault makes of it."""
    from conftest import Project
    database = server.create_database()
    project = Project(tmp_path_factory.mktemp("undisturbed") / "project", database)
    prepare(project, database)
    project.ok("backfill", "run", RENAME)
    yield outcome(database)
    server.drop_database(database)


@pytest.mark.parametrize("nth", PASSES)
@pytest.mark.parametrize("point", fault_points("backfill"))
def test_killed_at(point, nth, project, database, undisturbed):
    prepare(project, database)
    died = run_to_fault(project, f"{point}:{nth}", "backfill", "run", RENAME)
    assert died or nth > 1, "every point is passed at least once"
    project.ok("backfill", "run", RENAME)
    assert outcome(database) == undisturbed


def test_killed_at_every_part_in_turn(project, database, undisturbed):
    prepare(project, database)
    deaths = 0
    while run_to_fault(project, "backfill-part-committed", "backfill", "run", RENAME):
        deaths += 1
        assert deaths < 200
    assert deaths > 2
    assert outcome(database) == undisturbed


def prepare_refused(project, database):
    """Three rows that the server refuses."""
    expand(project, database, rows=ROWS, settings=SETTINGS,
           body="""-- sluice: expand
ALTER TABLE users ADD COLUMN display_name int;
-- sluice: backfill
UPDATE users SET display_name = (10 / (id % 500))::int
WHERE display_name IS NULL AND (10 / (id % 500))::int IS NOT NULL;
""")
    count_updates(database)


@pytest.fixture(scope="module")
def undisturbed_refused(server, tmp_path_factory):
    from conftest import Project
    database = server.create_database()
    project = Project(tmp_path_factory.mktemp("refused") / "project", database)
    prepare_refused(project, database)
    project.fails(5, "backfill", "run", RENAME)
    yield outcome(database), quarantine(database)
    server.drop_database(database)


def quarantine(database):
    return database.query("SELECT key, sqlstate, skipped FROM sluice.quarantine ORDER BY key")


@pytest.mark.parametrize("nth", (1, 2, 7))
@pytest.mark.parametrize("point", fault_points("quarantine"))
def test_killed_while_rows_are_refused(point, nth, project, database, undisturbed_refused):
    prepare_refused(project, database)
    died = project.run("backfill", "run", RENAME, env={"SLUICE_FAULT": f"{point}:{nth}"})
    assert died.returncode == -signal.SIGKILL or nth > 1, died
    project.fails(5, "backfill", "run", RENAME)
    assert (outcome(database), quarantine(database)) == undisturbed_refused
    assert quarantine(database) == [("id = 1000", "22012", False), ("id = 1500", "22012", False),
                                    ("id = 500", "22012", False)]
