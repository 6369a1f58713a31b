"""sluice upgrade: what it does, whom it waits for, what it refuses."""
import pathlib
import re
import signal
import threading
import time

import psycopg2
import pytest

from conftest import Project, Server, wait_until
from upgrade_fixtures import (ADD, FIRST, RENAME, SECOND, THIRD, USERS, Started, columns,
                              has_ledger, states, steps, triggers, users)


# --- what it does ---------------------------------------------------------------------------------

def test_expands_pending_revisions_in_order(project, database):
    project.revision(SECOND, ADD, revises=FIRST)
    project.revision(FIRST, USERS)
    result = project.ok("upgrade")
    assert result.stdout.index(FIRST) < result.stdout.index(SECOND)
    assert columns(database) == ["id", "full_name", "seen", "added"]
    assert states(database) == {FIRST: "expanded", SECOND: "expanded"}
    assert database.query("SELECT final, partly FROM sluice.revision") == [(True, None)] * 2
    assert [state for _, state, _ in steps(database, FIRST)] == ["done"]
    kinds = database.query("SELECT kind, revision FROM sluice.event ORDER BY id")
    assert kinds == [("expanding", FIRST), ("expanded", FIRST),
                     ("expanding", SECOND), ("expanded", SECOND)]


def test_stops_at_the_target(project, database):
    project.revision(FIRST, USERS)
    project.revision(SECOND, ADD, revises=FIRST)
    project.ok("upgrade", FIRST[:8] + FIRST[8:])
    assert states(database) == {FIRST: "expanded"}
    result = project.json("upgrade")
    assert [done["revision"] for done in result["done"]] == [SECOND]


def test_again_does_nothing(users, database):
    before = database.query("SELECT * FROM sluice.step")
    result = users.ok("upgrade")
    assert "nothing to do" in result.stdout
    assert database.query("SELECT * FROM sluice.step") == before


def test_a_mapping_has_its_triggers_from_the_first_moment(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    failures, stop = [], threading.Event()

    def write():
        connection = database.connect()
        cursor = connection.cursor()
        key = 1000
        while not stop.is_set():
            key += 1
            try:
                cursor.execute("INSERT INTO users (id, full_name) VALUES (%s, %s)",
                               (key, f"new {key}"))
            except psycopg2.Error as error:
                failures.append(str(error))
        connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        users.ok("upgrade")
        after = database.value("SELECT max(id) FROM users")
        wait_until(lambda: database.value("SELECT max(id) FROM users") > after + 10)
    finally:
        stop.set()
        writer.join()
    assert failures == []
    assert triggers(database) == ["zzzz_sluice_insert", "zzzz_sluice_update"]
    # From the first row with the column on, every one that was written is filled.
    first = database.value("SELECT min(id) FROM users WHERE id > 1000 AND display_name IS NOT NULL")
    assert database.value("SELECT count(*) FROM users WHERE id >= %s AND display_name IS DISTINCT "
                          "FROM full_name", first) == 0
    assert database.query("SELECT revision, table_name FROM sluice.mapping") == [(SECOND, "users")]
    assert states(database)[SECOND] == "expanded"


def test_backfill_and_finish_when_asked(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade", "--backfill")
    assert states(database)[SECOND] == "backfilled"
    assert database.value("SELECT count(*) FROM users WHERE display_name IS NULL") == 0
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                          "'users_display_name'::regclass") is True
    assert all(state == "done" for _, state, _ in steps(database, SECOND, "finish"))


def test_an_empty_table_needs_no_backfill(project, database):
    project.revision(FIRST, USERS)
    project.revision(SECOND, RENAME, revises=FIRST)
    project.ok("upgrade")
    assert states(database) == {FIRST: "expanded", SECOND: "backfilled"}
    assert columns(database) == ["id", "full_name", "seen", "display_name"]


def test_dry_run_shows_statements_and_locks_and_touches_nothing(project, database):
    database.execute("CREATE TABLE users (id int PRIMARY KEY, full_name text)")
    project.revision(FIRST, RENAME)
    result = project.ok("upgrade", "--dry-run")
    assert "ALTER TABLE users ADD COLUMN display_name text" in result.stdout
    assert "ACCESS EXCLUSIVE on public.users" in result.stdout
    assert "-- derived: sync triggers on public.users" in result.stdout
    assert columns(database) == ["id", "full_name"]
    assert not has_ledger(database)
    plan = project.json("upgrade", "--dry-run")["plan"]
    assert [(line["run"], line["derived"]) for line in plan][:2] == [(1, False), (1, True)]


def test_an_edited_section_is_reported(users, database):
    path = users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade")
    path.write_text(path.read_text().replace("display_name text;", "display_name varchar;"))
    result = users.ok("upgrade")
    assert "section expand" in result.stderr and "edited after it ran" in result.stderr


def test_nothing_to_do_mentions_what_was_edited(users):
    path = next(users.migrations.glob(f"*{FIRST}*"))
    assert users.ok("upgrade").stderr == ""
    path.write_text(path.read_text().replace("CREATE TABLE", "CREATE UNLOGGED TABLE"))
    result = users.ok("upgrade")
    assert result.stderr.count("section expand was edited after it ran") == 1


def test_statements_that_run_alone(users, database):
    users.revision(SECOND, """-- sluice: expand
ALTER TABLE users ADD COLUMN a int;
CREATE INDEX CONCURRENTLY users_a ON users (a);
ALTER TABLE users ADD COLUMN b int;
""", revises=FIRST)
    users.ok("upgrade")
    assert columns(database)[-2:] == ["a", "b"]
    assert database.value("SELECT count(*) FROM pg_index WHERE indexrelid = 'users_a'::regclass "
                          "AND indisvalid") == 1
    assert [(number, state) for number, state, _ in steps(database, SECOND)] == [
        (1, "done"), (2, "done"), (3, "done")]


# --- whom it waits for ----------------------------------------------------------------------------

def nobody_waits(database):
    return database.value("SELECT count(*) FROM pg_locks WHERE NOT granted") == 0


def test_waits_outside_the_queue_and_names_the_blocker(users, database):
    users.revision(SECOND, ADD, revises=FIRST)
    analyst = database.connect(autocommit=False, application_name="analyst")
    analyst.cursor().execute("SELECT count(*) FROM users")
    upgrade = Started(users, "upgrade")
    upgrade.wait_for(f"pid {analyst.info.backend_pid}")
    assert "analyst" in upgrade.stderr
    for _ in range(50):
        start = time.monotonic()
        database.query("SELECT count(*) FROM users")
        assert nobody_waits(database)
        assert time.monotonic() - start < 5
    assert columns(database) == ["id", "full_name", "seen"]
    analyst.rollback()
    upgrade.end()
    assert columns(database)[-1] == "added"
    assert upgrade.stderr.count(f"pid {analyst.info.backend_pid}") == 1
    analyst.close()


def test_gives_up_with_the_blocker_and_its_remedy(users, database):
    users.revision(SECOND, ADD, revises=FIRST)
    analyst = database.connect(autocommit=False)
    analyst.cursor().execute("SELECT count(*) FROM users")
    result = users.fails(6, "upgrade", env={"SLUICE_LOCK_GIVE_UP_AFTER": "600ms"})
    assert f"SELECT pg_terminate_backend({analyst.info.backend_pid})" in result.stderr
    assert "public.users" in result.stderr
    assert columns(database) == ["id", "full_name", "seen"]
    assert database.query("SELECT state, partly FROM sluice.revision WHERE id = %s", SECOND) == [
        ("pending", None)]
    analyst.close()
    users.ok("upgrade")
    assert states(database)[SECOND] == "expanded"


def test_names_a_prepared_transaction(tmp_path):
    server = Server("--tcp", "-c", "max_prepared_transactions=2")
    try:
        database = server.create_database()
        project = Project(tmp_path / "project", database)
        project.revision(FIRST, USERS)
        project.ok("upgrade")
        project.revision(SECOND, ADD, revises=FIRST)
        database.execute("BEGIN; INSERT INTO users VALUES (1, 'x'); PREPARE TRANSACTION 'left'")
        result = project.fails(6, "upgrade", env={"SLUICE_LOCK_GIVE_UP_AFTER": "600ms"})
        assert "ROLLBACK PREPARED 'left'" in result.stderr
        database.execute("ROLLBACK PREPARED 'left'")
        project.ok("upgrade")
    finally:
        server.close()


def wait_for_autovacuum(database):
    wait_until(lambda: database.query("SELECT 1 FROM pg_stat_progress_vacuum WHERE relid = "
                                      "'users'::regclass"), 60, "autovacuum")


@pytest.fixture
def vacuumed(tmp_path):
    """A project with a pending ADD COLUMN on a table that an autovacuum is at work on."""
    server = Server("--tcp", "-c", "autovacuum=on", "-c", "autovacuum_naptime=1s")
    try:
        database = server.create_database()
        project = Project(tmp_path / "project", database)
        project.revision(FIRST, USERS)
        project.ok("upgrade")
        project.revision(SECOND, ADD, revises=FIRST)
        database.execute("INSERT INTO users SELECT i, repeat('x', 200), 0 "
                         "FROM generate_series(1, 20000) i")
        database.execute("ALTER TABLE users SET (autovacuum_vacuum_threshold = 0, "
                         "autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 100, "
                         "autovacuum_vacuum_cost_limit = 1)")
        database.execute("DELETE FROM users WHERE id % 3 = 0")
        wait_for_autovacuum(database)
        yield project, database
    finally:
        server.close()


def test_an_autovacuum_yields(vacuumed):
    project, database = vacuumed
    start = time.monotonic()
    project.ok("upgrade")
    assert time.monotonic() - start < 5
    assert columns(database)[-1] == "added"


def as_role(database, role):
    return re.sub(r"//[^@/]*@", f"//{role}@", database.url)


def test_an_autovacuum_that_may_not_be_pushed_is_waited_for(vacuumed):
    project, database = vacuumed
    database.execute("CREATE ROLE clerk LOGIN IN ROLE pg_monitor")
    database.execute("ALTER TABLE users OWNER TO clerk; ALTER SCHEMA public OWNER TO clerk; "
                     "GRANT ALL ON SCHEMA sluice TO clerk; "
                     "GRANT ALL ON ALL TABLES IN SCHEMA sluice TO clerk")
    wait_for_autovacuum(database)  # the changes above have ended the first one
    env = {"DATABASE_URL": as_role(database, "clerk"), "SLUICE_LOCK_GIVE_UP_AFTER": "600ms"}
    result = project.fails(6, "upgrade", env=env)
    assert "vacuum" in result.stderr and "GRANT SET ON PARAMETER" in result.stderr
    database.execute("GRANT SET ON PARAMETER deadlock_timeout TO clerk")
    wait_for_autovacuum(database)
    project.ok("upgrade", env={**env, "SLUICE_LOCK_GIVE_UP_AFTER": "20s"})
    assert columns(database)[-1] == "added"


def test_waits_for_who_holds_a_partition(project, database):
    project.revision(FIRST, """-- sluice: expand
CREATE TABLE users (id int, at date) PARTITION BY RANGE (at);
CREATE TABLE users_2025 PARTITION OF users FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
CREATE TABLE users_2026 PARTITION OF users FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
""")
    project.ok("upgrade")
    project.revision(SECOND, ADD, revises=FIRST)
    analyst = database.connect(autocommit=False)
    analyst.cursor().execute("SELECT count(*) FROM users_2026")
    upgrade = Started(project, "upgrade")
    upgrade.wait_for(f"pid {analyst.info.backend_pid}")
    assert nobody_waits(database)
    analyst.close()
    upgrade.end()
    assert columns(database, "users_2026")[-1] == "added"


def test_waits_for_writers_of_a_referenced_table(users, database):
    users.revision(SECOND, """-- sluice: expand
CREATE TABLE teams (id int PRIMARY KEY, leader int REFERENCES users);
""", revises=FIRST)
    writer = database.connect(autocommit=False)
    writer.cursor().execute("UPDATE users SET seen = 1 WHERE id = 1")
    upgrade = Started(users, "upgrade")
    upgrade.wait_for(f"pid {writer.info.backend_pid}")
    assert "SHARE ROW EXCLUSIVE on public.users" in upgrade.stderr
    assert nobody_waits(database)
    writer.close()
    upgrade.end()
    assert columns(database, "teams") == ["id", "leader"]


def test_a_concurrent_build_names_the_transaction_it_waits_for(users, database):
    users.revision(SECOND, "-- sluice: expand\n"
                   "CREATE INDEX CONCURRENTLY users_seen ON users (seen);\n", revises=FIRST)
    writer = database.connect(autocommit=False, application_name="writer")
    writer.cursor().execute("UPDATE users SET seen = 1 WHERE id = 1")
    upgrade = Started(users, "upgrade")
    upgrade.wait_for(f"waits for pid {writer.info.backend_pid} writer")
    writer.close()
    upgrade.end()
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                          "'users_seen'::regclass") is True


def test_ctrl_c_ends_a_concurrent_build(users, database):
    users.revision(SECOND, "-- sluice: expand\n"
                   "CREATE INDEX CONCURRENTLY users_seen ON users (seen);\n", revises=FIRST)
    writer = database.connect(autocommit=False)
    writer.cursor().execute("UPDATE users SET seen = 1 WHERE id = 1")
    upgrade = Started(users, "upgrade")
    upgrade.wait_for(f"waits for pid {writer.info.backend_pid}")
    upgrade.process.send_signal(signal.SIGINT)
    upgrade.end(130)
    assert database.value("SELECT count(*) FROM pg_stat_progress_create_index") == 0
    writer.close()
    users.ok("upgrade")
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                          "'users_seen'::regclass") is True


def test_ctrl_c_ends_a_wait_for_a_lock(users, database):
    users.revision(SECOND, ADD, revises=FIRST)
    analyst = database.connect(autocommit=False)
    analyst.cursor().execute("SELECT count(*) FROM users")
    upgrade = Started(users, "upgrade")
    upgrade.wait_for("waits outside")
    upgrade.process.send_signal(signal.SIGINT)
    upgrade.end(130)
    assert columns(database) == ["id", "full_name", "seen"]
    analyst.close()
    users.ok("upgrade")


def test_eight_at_once(users, database):
    users.revision(SECOND, ADD, revises=FIRST)
    analyst = database.connect(autocommit=False)
    analyst.cursor().execute("SELECT count(*) FROM users")
    started = [Started(users, "upgrade") for _ in range(8)]

    def all_said_why():
        return all("waits outside" in it.stderr or "another sluice is at work" in it.stderr
                   for it in started)

    wait_until(all_said_why, 30, "all eight say what they wait for")
    analyst.close()
    results = [it.end() for it in started]
    assert sum("expanded " + SECOND in result for result in results) == 1
    assert sum("another sluice is at work" in it.stderr for it in started) == 7
    assert all("pid" in it.stderr for it in started)
    assert steps(database, SECOND) == [(1, "done", "ALTER TABLE users ADD COLUMN added int")]


def test_a_second_one_ends_with_seven(users, database):
    users.revision(SECOND, ADD, revises=FIRST)
    analyst = database.connect(autocommit=False)
    analyst.cursor().execute("SELECT count(*) FROM users")
    first = Started(users, "upgrade")
    first.wait_for("waits outside")
    result = users.fails(7, "upgrade", "-o", "lock.migrator_wait=0")
    assert "sluice/upgrade" in result.stderr and "pid" in result.stderr
    analyst.close()
    first.end()


# --- what does not fit ----------------------------------------------------------------------------

def test_a_statement_that_works_longer_than_the_budget(users, database):
    database.execute("INSERT INTO users SELECT i, repeat('x', 100), 0 "
                     "FROM generate_series(1000, 200000) i")
    users.revision(SECOND, "-- sluice: expand\nCREATE INDEX users_name ON users (full_name);\n",
                   revises=FIRST)
    result = users.fails(8, "upgrade", env={"SLUICE_LOCK_STALL_BUDGET": "20ms"})
    assert "takes longer than the stall budget" in result.stderr
    assert "CONCURRENTLY" in result.stderr
    assert database.value("SELECT to_regclass('users_name')") is None


def test_refuses_a_strong_lock_outside_of_a_transaction(users, database):
    users.revision(SECOND, "-- sluice: expand\nVACUUM FULL users;\n", revises=FIRST)
    before = database.value("SELECT pg_relation_filenode('users')")
    result = users.fails(8, "upgrade")
    assert ":7:1" in result.stderr
    assert "ACCESS EXCLUSIVE on public.users outside of a transaction" in result.stderr
    assert database.value("SELECT pg_relation_filenode('users')") == before


def test_a_failed_concurrent_build_leaves_no_invalid_index(users, database):
    database.execute("INSERT INTO users VALUES (1001, 'twice'), (1002, 'twice')")
    users.revision(SECOND, "-- sluice: expand\n"
                   "CREATE UNIQUE INDEX CONCURRENTLY users_name ON users (full_name);\n",
                   revises=FIRST)
    result = users.fails(5, "upgrade")
    assert "users_name" in result.stderr
    assert database.value("SELECT to_regclass('users_name')") is None
    assert [state for _, state, _ in steps(database, SECOND)] == ["failed"]
    database.execute("DELETE FROM users WHERE id = 1002")
    users.ok("upgrade")
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                          "'users_name'::regclass") is True


def test_if_not_exists_does_not_keep_an_invalid_index(users, database):
    database.execute("INSERT INTO users VALUES (1001, 'twice'), (1002, 'twice')")
    with pytest.raises(psycopg2.Error):
        database.execute("CREATE UNIQUE INDEX CONCURRENTLY users_name ON users (full_name)")
    database.execute("DELETE FROM users WHERE id = 1002")
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                          "'users_name'::regclass") is False
    users.revision(SECOND, "-- sluice: expand\nCREATE UNIQUE INDEX CONCURRENTLY IF NOT EXISTS "
                   "users_name ON users (full_name);\n", revises=FIRST)
    users.ok("upgrade")
    assert database.value("SELECT indisvalid FROM pg_index WHERE indexrelid = "
                          "'users_name'::regclass") is True


# --- what it refuses ------------------------------------------------------------------------------

def refused(project, database, status, *texts):
    """The upgrade fails so, says these, and has changed nothing."""
    before = database.query("SELECT oid FROM pg_class WHERE oid >= 16384 ORDER BY 1")
    result = project.fails(status, "upgrade")
    for text in texts:
        assert text in result.stderr, result
    assert database.query("SELECT oid FROM pg_class WHERE oid >= 16384 ORDER BY 1") == before
    return result


def test_refuses_an_expand_that_destroys(project, database):
    project.revision(FIRST, USERS)
    project.revision(SECOND, "-- sluice: expand\nALTER TABLE users DROP COLUMN full_name;\n",
                     revises=FIRST)
    refused(project, database, 9, f"{SECOND}", ":7:1", "full_name", "contract")


def test_head_is_refused_where_there_are_two(project, database):
    project.revision(FIRST, USERS)
    project.revision(SECOND, ADD, revises=FIRST)
    project.revision(THIRD, ADD.replace("added", "other"), revises=FIRST)
    result = project.fails(2, "upgrade", "head")
    assert SECOND in result.stderr and THIRD in result.stderr and "heads" in result.stderr
    assert not has_ledger(database)
    project.ok("upgrade")
    assert columns(database)[-2:] == ["added", "other"]


def test_refuses_a_missing_parent(project, database):
    project.revision(SECOND, ADD, revises=FIRST)
    refused(project, database, 3, FIRST)


def test_refuses_a_syntax_error_before_anything_runs(project, database):
    project.revision(FIRST, USERS)
    project.revision(SECOND, "-- sluice: expand\nALTER TABLE users ADD COLUM b int;\n",
                     revises=FIRST)
    refused(project, database, 5, ":7:")


def test_refuses_columns_of_a_mapping_added_apart(project, database):
    project.revision(FIRST, USERS)
    project.revision(SECOND, """-- sluice: expand
ALTER TABLE users ADD COLUMN first_name text;
CREATE INDEX CONCURRENTLY users_seen ON users (seen);
ALTER TABLE users ADD COLUMN last_name text;

-- sluice: sync users
SELECT split_part(full_name, ' ', 1) AS first_name, split_part(full_name, ' ', 2) AS last_name;
-- sluice: sync users reverse
SELECT first_name || ' ' || last_name AS full_name;
""", revises=FIRST)
    refused(project, database, 9, SECOND, "last_name", "transaction")
    assert not has_ledger(database)


def test_a_failing_statement_undoes_its_transaction(users, database):
    users.revision(SECOND, "-- sluice: expand\nALTER TABLE users ADD COLUMN a int;\n"
                   "ALTER TABLE users ADD COLUMN seen int;\n", revises=FIRST)
    result = users.fails(5, "upgrade")
    assert ":8:1" in result.stderr and "seen" in result.stderr
    assert columns(database) == ["id", "full_name", "seen"]
    assert {state for _, state, _ in steps(database, SECOND)} == {"failed"}
    assert states(database)[SECOND] == "pending"


def test_a_missing_right_names_the_object_and_the_remedy(users, database):
    role = f"clerk_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN")
    database.execute(f"GRANT ALL ON SCHEMA sluice TO {role}; "
                     f"GRANT ALL ON ALL TABLES IN SCHEMA sluice TO {role}; "
                     f"GRANT ALL ON ALL SEQUENCES IN SCHEMA sluice TO {role}")
    users.revision(SECOND, ADD, revises=FIRST)
    result = users.fails(5, "upgrade", env={"DATABASE_URL": as_role(database, role)})
    assert "users" in result.stderr and "own" in result.stderr
    assert columns(database) == ["id", "full_name", "seen"]
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_nothing_to_do_is_one_query(project, database):
    """Nor a lock: what the session is, is asked before the first thing that relies on it."""
    project.revision(FIRST, "-- sluice: expand\nCREATE TABLE t (a int);\n")
    project.ok("upgrade")
    database.execute(f"ALTER DATABASE {database.name} SET log_statement = 'all'")
    log = pathlib.Path(database.server.folder) / "server.log"
    before = len(log.read_text(encoding="utf-8"))
    project.ok("upgrade")
    said = [line for line in log.read_text(encoding="utf-8")[before:].splitlines()
            if "sluice/upgrade LOG:" in line]
    assert len(said) == 1 and "-- The ledger's version" in said[0], said


def test_many_revisions_share_their_events(project, database):
    """Each has its own, in order, and the chain holds; there is no journal beside the state."""
    parent = None
    for number in range(1, 251):
        name = f"{number:012d}"
        project.revision(name, f"-- sluice: expand\nCREATE TABLE t{number} (a int);\n",
                         revises=parent)
        parent = name
    project.ok("upgrade")
    assert database.query("SELECT kind, count(*), count(DISTINCT revision) FROM sluice.event "
                          "GROUP BY 1 ORDER BY 1") == [("expanded", 250, 250),
                                                       ("expanding", 250, 250)]
    assert database.query("SELECT 1 FROM (SELECT at, lag(at) OVER (ORDER BY id) AS before "
                          "FROM sluice.event) e WHERE at < before - interval '50 ms'") == []
    assert database.query("SELECT state, count(*) FROM sluice.step GROUP BY 1") == [("done", 250)]
    project.ok("events", "--verify")


def test_what_fails_in_one_message_is_named_and_undone(project, database):
    project.revision(FIRST, "-- sluice: expand\nCREATE TABLE t (a int);\n\n"
                            "CREATE TABLE u (\n  a nosuch\n);\n")
    stderr = project.fails(5, "upgrade").stderr
    source = next(project.folder.glob("migrations/*.sql")).read_text(encoding="utf-8").splitlines()
    line = source.index("CREATE TABLE u (") + 1
    assert f"{FIRST}" in stderr and f":{line}:1: " in stderr and "nosuch" in stderr
    assert database.value("SELECT to_regclass('t') IS NULL")
    assert database.query("SELECT state, partly FROM sluice.revision") == [("pending", None)]
    assert database.query("SELECT ordinal, state, error IS NOT NULL FROM sluice.step ORDER BY 1") \
        == [(1, "failed", True), (2, "failed", True)]
    assert project.json("status")["warnings"] == []
    project.revision(FIRST, "-- sluice: expand\nCREATE TABLE t (a int);\n")
    project.ok("upgrade")
    assert database.query("SELECT ordinal, state FROM sluice.step") == [(1, "done")]


def test_what_gave_up_and_changed_nothing_has_not_begun(users, database):
    """A plan of several transactions, whose first one never had its lock."""
    users.revision(SECOND, "-- sluice: expand\nALTER TABLE users ADD COLUMN a int;\n"
                   "CREATE INDEX CONCURRENTLY users_a ON users (a);\n", revises=FIRST)
    app = database.connect(autocommit=False)
    with app.cursor() as cursor:
        cursor.execute("SELECT FROM users")
    users.fails(6, "upgrade", "-o", "lock.give_up_after=300ms")
    app.close()
    assert users.json("status")["warnings"] == []
    assert SECOND not in users.ok("current").stdout
    assert "has begun" not in users.ok("status").stdout
    users.ok("upgrade")
    assert states(database)[SECOND] == "expanded"
    assert {state for _, state, _ in steps(database, SECOND)} == {"done"}


def test_gives_up_on_locks_that_nobody_knows(project):
    project.revision("aaaa1111", "-- sluice: expand\nSELECT pg_sleep(5);\n")
    result = project.fails(6, "upgrade", "-o", "lock.give_up_after=400ms")
    assert "its locks cannot be known" in result.stderr and "()" not in result.stderr


def test_what_is_not_written_yet_does_not_run(project, database):
    """Once it has run it is frozen: who forgets to save the file would have to stamp it away."""
    made = pathlib.Path(project.json("revision", "-m", "notes")["path"])
    failed = project.fails(9, "upgrade")
    assert f"{made}:" in failed.stderr and "no section of" in failed.stderr
    assert project.json("status", "--all")["revisions"][0]["state"] == "pending"
    made.write_text(made.read_text().replace(
        "-- sluice: expand\n", "-- sluice: expand\nCREATE TABLE notes (id int PRIMARY KEY);\n", 1))
    project.ok("upgrade")
    assert database.value("SELECT count(*) FROM notes") == 0
    bare = pathlib.Path(project.json("revision", "-m", "a mark in history")["path"])
    bare.write_text(bare.read_text().split("-- sluice:")[0])
    project.ok("upgrade")
    assert {one["state"] for one in project.json("status", "--all")["revisions"]} == {"expanded"}
