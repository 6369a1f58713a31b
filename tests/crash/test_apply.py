"""kill -9 at every point of the life of a phase; then the same command again.

Each command starts from a copy of the database as it was before it, dies at one point, runs again,
and must end in what an undisturbed run makes of the same copy: catalog, rows, states, checksums,
steps, mappings.
"""
import itertools
import signal
import threading

import psycopg2
import pytest

from conftest import Database, Project, fault_points, run_to_fault, wait_until

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

PICTURE = {
    "columns": """
        SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), a.attnotnull
          FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
         WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')
           AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2""",
    "indexes": """
        SELECT i.indexrelid::regclass::text, i.indisvalid, i.indisready, i.indisunique
          FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
         WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1""",
    "constraints": """
        SELECT conrelid::regclass::text, conname, convalidated, pg_get_constraintdef(oid)
          FROM pg_constraint WHERE connamespace = 'public'::regnamespace ORDER BY 1, 2""",
    "triggers": """
        SELECT tgrelid::regclass::text, tgname, tgenabled, pg_get_triggerdef(oid)
          FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1, 2""",
    "functions": """
        SELECT proname, prosrc FROM pg_proc WHERE oid >= 16384 ORDER BY 1, 2""",
    "revisions": "SELECT id, state, final, partly FROM sluice.revision ORDER BY 1",
    "sections": "SELECT revision, section, checksum FROM sluice.section ORDER BY 1, 2",
    "steps": "SELECT revision, phase, ordinal, hash, state, error FROM sluice.step ORDER BY 1, 2, 3",
    "mappings": "SELECT revision, table_name, forward, reverse, installed_sql FROM sluice.mapping",
    "backfills": "SELECT revision, relation, state, rows FROM sluice.backfill ORDER BY 1, 2",
    "locks": "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'",
}


numbers = itertools.count(1)


def picture(database):
    found = {name: database.query(sql) for name, sql in PICTURE.items()}
    if database.value("SELECT to_regclass('public.users') IS NOT NULL"):
        found["rows"] = database.query("SELECT to_jsonb(users) FROM users ORDER BY id")
    return found


def copy_database(server, source):
    it = Database(server, f"copy_{next(numbers)}")
    connection = psycopg2.connect(server.socket_url)
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                       (source.name,))
        cursor.execute(f"CREATE DATABASE {it.name} TEMPLATE {source.name} STRATEGY file_copy"
                       if connection.server_version >= 150000 else
                       f"CREATE DATABASE {it.name} TEMPLATE {source.name}")
    connection.close()
    return it


def add_revisions(project):
    for revision, parent, body in REVISIONS:
        project.revision(revision, body, revises=parent)


@pytest.fixture(scope="module")
def stages(server, tmp_path_factory):
    """For each command: the database before it, and the picture that it ends in."""
    database = server.create_database()
    project = Project(tmp_path_factory.mktemp("undisturbed") / "project", database)
    add_revisions(project)
    found = []
    for command in COMMANDS:
        before = copy_database(server, database)
        project.ok(*command)
        if command == COMMANDS[0]:
            database.execute("INSERT INTO users SELECT i, 'name ' || i, i % 7 "
                             "FROM generate_series(1, 300) i")
        found.append((before, picture(database)))
        if command == COMMANDS[0]:
            # The rows belong to what the next command finds, not to what this one made.
            found[-1][1].pop("rows")
    yield found
    for before, _ in found:
        server.drop_database(before)
    server.drop_database(database)


def crash_and_repeat(server, tmp_path, before, command, point):
    """The picture after a death at the point and a second run; None if it never came there."""
    database = copy_database(server, before)
    try:
        project = Project(tmp_path / point.replace(":", "-"), database)
        add_revisions(project)
        if not run_to_fault(project, point, *command):
            return None
        # The lock of the dead one goes with its session, which the server ends at once.
        project.ok(*command, env={"SLUICE_LOCK_MIGRATOR_WAIT": "20s"})
        return picture(database)
    finally:
        server.drop_database(database)


@pytest.mark.parametrize("number", range(len(COMMANDS)),
                         ids=[" ".join(command) for command in COMMANDS])
def test_dies_at_every_point_and_ends_the_same(server, stages, tmp_path, number):
    before, expected = stages[number]
    deaths = 0
    for point in fault_points("apply"):
        for time_passed in range(1, 50):
            name = f"{point}:{time_passed}"
            found = crash_and_repeat(server, tmp_path, before, COMMANDS[number], name)
            if found is None:
                break
            found = {key: value for key, value in found.items() if key in expected}
            assert found == expected, f"after a death at {name}"
            deaths += 1
    assert deaths >= 3


def test_every_point_is_passed(server, stages, tmp_path):
    """A point that no command here comes to would test nothing."""
    never = [point for point in fault_points("apply")
             if not any(crash_and_repeat(server, tmp_path / str(number), stages[number][0],
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
        project = Project(tmp_path / "project", database)
        add_revisions(project)
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
    project = Project(tmp_path / "project", database)
    add_revisions(project)
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
        project = Project(tmp_path / "project", database)
        add_revisions(project)
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
