"""kill -9 at every point of the life of a phase; then the same command again: it ends in what an
undisturbed run makes: catalog, rows, states, checksums, steps, mappings."""
import signal
import threading

import pytest

from conftest import fault_points, run_to_fault, wait_until
from life_fixtures import Life, copy_database, picture

FIRST, SECOND, THIRD = "aaaaaaaaaaa1", "aaaaaaaaaaa2", "aaaaaaaaaaa3"
REVISIONS = [
    (FIRST, None, """-- sluice: expand
CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, seen int);

-- sluice: downgrade
DROP TABLE users;
"""),
    (SECOND, FIRST, """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: finish
CREATE INDEX CONCURRENTLY users_display_name ON users (display_name);

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name;
"""),
    (THIRD, SECOND, """-- sluice: expand
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_seen ON users (seen);
ALTER TABLE users ADD COLUMN note text;
CREATE TABLE teams (id int PRIMARY KEY, leader int REFERENCES users);
DROP INDEX CONCURRENTLY IF EXISTS users_seen;
CREATE UNIQUE INDEX CONCURRENTLY users_seen_id ON users (seen, id);

-- sluice: downgrade
DROP INDEX CONCURRENTLY users_seen_id;
DROP TABLE teams;
ALTER TABLE users DROP COLUMN note;
"""),
]
# Rows come before the mapping, so that there is something to fill.
COMMANDS = [
    ("upgrade", FIRST),
    ("upgrade", SECOND),
    ("upgrade", SECOND, "--backfill"),
    ("upgrade", THIRD),
    ("downgrade", SECOND),
    ("downgrade", "base"),
]

LIFE = Life(REVISIONS, COMMANDS, "INSERT INTO users SELECT i, 'name ' || i, i % 7 "
            "FROM generate_series(1, 300) i")


@pytest.fixture(scope="module")
def stages(server, tmp_path_factory):
    found = LIFE.stages(server, tmp_path_factory.mktemp("undisturbed") / "project")
    yield found
    for before, _ in found:
        server.drop_database(before)


@pytest.mark.parametrize("number", range(len(COMMANDS)),
                         ids=[" ".join(command) for command in COMMANDS])
def test_dies_at_every_point_and_ends_the_same(server, stages, tmp_path, number):
    assert LIFE.die_everywhere(server, tmp_path, stages[number], COMMANDS[number],
                               fault_points("apply")) >= 3


def test_every_point_is_passed(server, stages, tmp_path):
    """A point that no command here comes to would test nothing."""
    never = [point for point in fault_points("apply")
             if not any(LIFE.crash_and_repeat(server, tmp_path / str(number), stages[number][0],
                                              COMMANDS[number], point)
                        for number in range(len(COMMANDS)))]
    # An invalid index is dropped only after a build that did not end: below.
    assert never == ["apply-concurrent-dropped"]


def invalid_index(database):
    """users_seen_id as a build that was cut off leaves it."""
    database.execute("INSERT INTO users VALUES (1000, 'x', 1)")
    database.execute("UPDATE pg_index SET indisvalid = false "
                     "WHERE indexrelid = 'users_seen_id'::regclass")


def test_dies_after_an_invalid_index_was_dropped(server, stages, tmp_path):
    database = copy_database(server, stages[3][0])
    try:
        project = LIFE.project(tmp_path / "project", database)
        database.execute("CREATE UNIQUE INDEX users_seen_id ON users (seen, id)")
        invalid_index(database)
        assert run_to_fault(project, "apply-concurrent-dropped", *COMMANDS[3])
        assert database.value("SELECT to_regclass('users_seen_id')") is None
        project.ok(*COMMANDS[3], env={"SLUICE_LOCK_MIGRATOR_WAIT": "20s"})
        assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                              "'users_seen_id'::regclass") is True
    finally:
        server.drop_database(database)


# --- the server dies ------------------------------------------------------------------------------

def grow(database, rows):
    database.execute(f"INSERT INTO users SELECT i, 'name ' || i, i % 7 "
                     f"FROM generate_series(1, {rows}) i")


def start_third(own_server, tmp_path, rows):
    """A project whose third revision is being applied to a table of so many rows."""
    database = own_server.create_database()
    project = LIFE.project(tmp_path / "project", database)
    project.ok("upgrade", SECOND)
    grow(database, rows)
    return project, database


def is_building(database):
    return database.query("SELECT pid FROM pg_stat_progress_create_index")


def test_the_server_is_stopped_while_an_index_is_built(own_server, tmp_path):
    project, database = start_third(own_server, tmp_path, 400000)
    running = project.start("upgrade", THIRD)
    wait_until(lambda: is_building(database), what="the build of an index")
    own_server.stop("--immediate")
    assert running.wait(30) == 4, running.stderr.read()
    own_server.start()
    project.ok("upgrade", THIRD)
    indexes = dict(database.query("SELECT indexrelid::regclass::text, indisvalid FROM pg_index "
                                  "WHERE indrelid = 'users'::regclass"))
    assert indexes["users_seen_id"] is True and "users_seen" not in indexes
    assert all(indexes.values())
    assert database.query("SELECT state FROM sluice.step WHERE revision = %s", THIRD) == [
        ("done",)] * 5


def test_the_server_is_stopped_while_sluice_waits_for_a_lock(own_server, tmp_path):
    project, database = start_third(own_server, tmp_path, 10)
    analyst = database.connect(autocommit=False)
    analyst.cursor().execute("SELECT * FROM users")
    running = project.start("upgrade", THIRD)
    wait_until(lambda: database.query("SELECT 1 FROM sluice.step WHERE revision = %s AND state = "
                                      "'running'", THIRD), what="the intent")
    own_server.stop("--immediate")
    assert running.wait(30) == 4, running.stderr.read()
    own_server.start()
    project.ok("upgrade", THIRD)
    assert database.value("SELECT state FROM sluice.revision WHERE id = %s", THIRD) == "expanded"


def test_sluice_is_killed_while_the_server_builds_an_index(own_server, tmp_path):
    """Its session goes on in the server for a while, and holds the migrator lock: the next one
    waits for it, and then works with what it finds."""
    project, database = start_third(own_server, tmp_path, 400000)
    running = project.start("upgrade", THIRD)
    wait_until(lambda: is_building(database), what="the build of an index")
    running.send_signal(signal.SIGKILL)
    running.wait()
    project.ok("upgrade", THIRD, env={"SLUICE_LOCK_MIGRATOR_WAIT": "60s"}, timeout=120)
    indexes = dict(database.query("SELECT indexrelid::regclass::text, indisvalid FROM pg_index "
                                  "WHERE indrelid = 'users'::regclass"))
    assert indexes["users_seen_id"] is True and all(indexes.values())


def test_killed_again_and_again(server, stages, tmp_path):
    """At random moments, as often as it takes."""
    database = copy_database(server, stages[3][0])
    try:
        project = LIFE.project(tmp_path / "project", database)
        env = {**project.env, "SLUICE_LOCK_MIGRATOR_WAIT": "20s"}
        for number in range(40):
            running = project.start(*COMMANDS[3], env=env)
            killer = threading.Timer(0.01 + 0.004 * number, running.kill)
            killer.start()
            status = running.wait(30)
            killer.cancel()
            assert status in (0, -signal.SIGKILL), running.stderr.read()
            if status == 0:
                break
        assert status == 0, "never came to its end"
        assert picture(database) == stages[3][1]
    finally:
        server.drop_database(database)
