"""sluice backfill: filled completely, each row once, whoever dies, and out of the apps' way."""
import re
import time

import psycopg2
import pytest

from backfill_fixtures import (RENAME, SMALL, SYNC, count_updates, expand, finish, make_users,
                               slow_down, status, unfilled)
from conftest import Project, wait_until


def test_fills_everything_and_folds_its_ranges(project, database):
    expand(project, database, rows=20000)
    done = project.json("backfill", "run")["backfills"]
    assert [(one["revision"], one["rows"], one["paused"]) for one in done] == \
        [(RENAME, 20000, False)]
    assert database.value("SELECT count(*) FROM users WHERE display_name = full_name") == 20000
    assert database.query("SELECT state, rows FROM sluice.backfill") == [("done", 20000)]
    assert database.value("SELECT count(*) FROM sluice.chunk") == 0
    assert database.value("SELECT state FROM sluice.revision") == "backfilled"
    now = status(project)
    assert now["state"] == "done" and now["share"] == 1 and now["rows"] == 20000
    assert 1 <= now["index_growth"] < 2 and now["wal_bytes"] > 20000 * 50
    assert 0.3 < now["hot_share"] < 1
    assert 1 <= now["growth"] < 2, "scattered parts should keep most updates on their pages"
    assert "nothing to backfill" in project.ok("backfill", "run").stdout


def test_the_walk_is_complete_on_an_empty_and_a_tiny_table(project, database):
    expand(project, database, rows=1)
    assert project.json("backfill", "run")["backfills"][0]["rows"] == 1
    assert unfilled(database) == 0


def test_workers_share_the_rows_and_do_each_once(project, database):
    expand(project, database, rows=20000)
    count_updates(database)
    first = project.start("backfill", "run", "--workers", "3", "--format", "json")
    second = project.start("backfill", "run", "--workers", "2", "--format", "json")
    finish(first)
    finish(second)
    assert database.query("SELECT count(*), count(DISTINCT id) FROM hits") == [(20000, 20000)]
    assert unfilled(database) == 0
    assert database.value("SELECT rows FROM sluice.backfill") == 20000


def test_paused_and_resumed_from_another_process(project, database):
    expand(project, database, rows=2000)
    slow_down(database, 0.0005)
    process = project.start("backfill", "run", "--format", "json")
    wait_until(lambda: unfilled(database) < 2000, what="first rows")
    project.ok("backfill", "pause")
    wait_until(lambda: status(project)["state"] == "paused")
    # What was under way ends; after that nothing moves.
    wait_until(lambda: database.value("SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' "
                                      "AND application_name = 'sluice/backfill'") == 0)
    left = unfilled(database)
    time.sleep(0.5)
    assert unfilled(database) == left > 0
    assert process.poll() is None
    project.ok("backfill", "resume")
    assert finish(process)["backfills"][0]["rows"] == 2000
    assert unfilled(database) == 0


def sessions(database):
    return database.value("SELECT count(*) FROM pg_stat_activity "
                          "WHERE application_name = 'sluice/backfill'")


def test_its_pace_is_set_from_another_process(project, database):
    expand(project, database, rows=6000)
    count_updates(database)
    slow_down(database, 0.0005)
    process = project.start("backfill", "run", "--format", "json")
    wait_until(lambda: sessions(database) == 1)
    project.ok("backfill", "set", "workers=3", "backfill.target_time=20ms")
    wait_until(lambda: sessions(database) == 3)
    assert status(project)["set"] == {"workers": "3", "target_time": "20ms"}
    project.ok("backfill", "set", RENAME, "workers=1", "target_time=")
    wait_until(lambda: sessions(database) == 1)
    assert status(project)["set"] == {"workers": "1"}
    assert "nothing to set" in project.fails(2, "backfill", "set").stderr
    assert "'workers'" in project.fails(2, "backfill", "set", "worker=2").stderr
    assert "between 1 and 64" in project.fails(3, "backfill", "set", "workers=65").stderr
    assert finish(process)["backfills"][0]["rows"] == 6000
    assert database.query("SELECT count(*), count(DISTINCT id) FROM hits") == [(6000, 6000)]


def test_cancelled_stays_cancelled_until_resumed(project, database):
    expand(project, database, rows=2000)
    slow_down(database, 0.0005)
    process = project.start("backfill", "run")
    wait_until(lambda: unfilled(database) < 2000, what="first rows")
    project.ok("backfill", "cancel", RENAME)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 8 and "was cancelled" in err and "resume" in err
    assert status(project)["state"] == "cancelled"
    assert "was cancelled" in project.fails(8, "backfill", "run").stderr
    left = unfilled(database)
    assert 0 < left < 2000
    project.ok("backfill", "resume")
    project.ok("backfill", "run")
    assert unfilled(database) == 0
    assert database.value("SELECT rows FROM sluice.backfill") == 2000


def test_interrupted_it_ends_at_a_part_and_goes_on(project, database):
    expand(project, database, rows=2000)
    slow_down(database, 0.0005)
    process = project.start("backfill", "run")
    wait_until(lambda: unfilled(database) < 2000, what="first rows")
    process.terminate()
    process.communicate(timeout=20)
    assert process.returncode == 130
    project.ok("backfill", "run")
    assert unfilled(database) == 0


def test_rows_that_an_app_has_locked_are_not_waited_for(project, database):
    expand(project, database, rows=5000)
    app = database.connect(autocommit=False)
    with app.cursor() as cursor:
        cursor.execute("SELECT id FROM users WHERE id IN (7, 2500, 4999) FOR UPDATE")
    process = project.start("backfill", "run", "--format", "json")
    wait_until(lambda: unfilled(database) == 3, what="all but the locked rows")
    assert process.poll() is None
    app.rollback()
    app.close()
    assert finish(process)["backfills"][0]["rows"] == 5000
    assert unfilled(database) == 0


def test_what_apps_write_meanwhile_is_kept(project, database):
    expand(project, database, rows=5000)
    database.execute("UPDATE users SET display_name = 'by the new app' WHERE id = 10")
    database.execute("UPDATE users SET full_name = 'by the old app' WHERE id = 11")
    database.execute("UPDATE users SET note = 'unrelated' WHERE id = 12")
    project.ok("backfill", "run")
    assert database.query("SELECT id, full_name, display_name FROM users WHERE id IN (10, 11, 12) "
                          "ORDER BY id") == [
        (10, "by the new app", "by the new app"),
        (11, "by the old app", "by the old app"),
        (12, "name 12", "name 12")]


def test_sessions_that_wait_for_it_hold_it(project, database):
    expand(project, database, rows=1500, settings=SMALL + "  target_time: 20ms\n")
    slow_down(database, 0.002)
    process = project.start("backfill", "run", "--format", "json")
    wait_until(lambda: unfilled(database) < 1500, what="first rows")
    app = database.connect()
    with app.cursor() as cursor:
        while process.poll() is None:
            cursor.execute("UPDATE users SET note = 'y' WHERE id IN (SELECT id FROM users "
                           "WHERE display_name IS NULL ORDER BY id LIMIT 20)")
    app.close()
    finish(process)
    assert unfilled(database) == 0
    assert database.value("SELECT throttled_ms FROM sluice.backfill") > 0


def test_a_stuck_replica_holds_it(replica, tmp_path):
    database = replica.create_database()
    project = Project(tmp_path / "project", database)
    expand(project, database, rows=4000, settings=SMALL + "  max_replica_lag: 1s\n")
    standby = psycopg2.connect(replica.info["replica"]["url"])
    standby.autocommit = True
    with standby.cursor() as cursor:
        cursor.execute("SELECT pg_wal_replay_pause()")
        slow_down(database, 0.0005)
        process = project.start("backfill", "run", "--format", "json")
        try:
            cause = wait_until(lambda: database.query("SELECT throttle FROM sluice.backfill "
                                                      "WHERE throttle IS NOT NULL"),
                               what="throttle")[0][0]
            assert "replica lag" in cause and "> 1.0s" in cause
            assert status(project)["throttle"].startswith("replica lag")
            wait_until(lambda: database.value(
                "SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' "
                "AND application_name = 'sluice/backfill'") == 0)
            left = unfilled(database)
            time.sleep(1)
            assert unfilled(database) == left > 0
        finally:
            cursor.execute("SELECT pg_wal_replay_resume()")
    standby.close()
    done = finish(process)["backfills"][0]
    assert done["throttled_ms"] >= 1000 and unfilled(database) == 0
    assert "replica lag" in database.value("SELECT text FROM sluice.event WHERE kind = 'throttle'")
    replica.drop_database(database)


def test_unmeasurable_lag_is_refused_with_the_grant(project, database):
    database.execute("CREATE ROLE plain LOGIN")
    database.execute(f"GRANT CREATE ON DATABASE {database.name} TO plain")
    database.execute("GRANT ALL ON SCHEMA public TO plain")
    project.env["DATABASE_URL"] = database.url.replace("postgres@", "plain@")
    owner = Project(project.folder / "owner", database)
    owner.env["DATABASE_URL"] = project.env["DATABASE_URL"]
    make_users(database, 100)
    database.execute("ALTER TABLE users OWNER TO plain")
    project.settings(SMALL)
    project.revision(RENAME, SYNC)
    project.ok("upgrade")
    failed = project.fails(8, "backfill", "run")
    assert "GRANT pg_monitor TO" in failed.stderr
    assert unfilled(database) == 100
    project.settings(SMALL + "  required_signals: none\n")
    project.ok("backfill", "run")
    assert unfilled(database) == 0
    database.execute("DROP OWNED BY plain CASCADE")
    database.execute("DROP ROLE plain")


def test_the_server_restarts_in_the_middle(own_server, tmp_path):
    database = own_server.create_database()
    project = Project(tmp_path / "project", database)
    expand(project, database, rows=8000)
    count_updates(database, 0.0003)
    process = project.start("backfill", "run", "--workers", "2", "--format", "json")
    wait_until(lambda: unfilled(database) < 8000, what="first rows")
    own_server.stop("--immediate")
    assert process.poll() is None
    own_server.start()
    assert finish(process)["backfills"][0]["rows"] == 8000
    assert database.query("SELECT count(*), count(DISTINCT id) FROM hits") == [(8000, 8000)]


def test_a_row_that_the_server_refuses_is_named(project, database):
    make_users(database, 3000)
    database.execute("UPDATE users SET full_name = id::text")
    database.execute("UPDATE users SET full_name = 'not a number' WHERE id = 1717")
    project.settings(SMALL)
    project.revision(RENAME, SYNC.replace("display_name text", "display_name int").replace(
        "SELECT full_name AS display_name;",
        "SELECT full_name::int AS display_name;\n-- sluice: sync users reverse\n"
        "SELECT display_name::text AS full_name;"))
    project.ok("upgrade")
    failed = project.fails(5, "backfill", "run")
    assert "id = 1717" in failed.stderr and "not a number" in failed.stderr
    assert status(project)["state"] == "quarantined"
    assert [row["key"] for row in status(project)["quarantine"]] == ["id = 1717"]
    database.execute("UPDATE users SET full_name = '1717' WHERE id = 1717")
    project.ok("backfill", "run")
    assert unfilled(database) == 0


def test_a_statement_that_does_not_exclude_finished_rows_is_refused(project, database):
    make_users(database, 10)
    project.revision(RENAME, SYNC + "\n-- sluice: backfill\n"
                     "UPDATE users SET display_name = full_name;\n")
    failed = project.run("upgrade")
    assert failed.returncode in (3, 5, 9) and "WHERE" in failed.stderr
    assert database.value("SELECT count(*) FROM information_schema.columns "
                          "WHERE column_name = 'display_name'") == 0


UNSYNCED = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;
-- sluice: backfill
UPDATE users SET display_name = full_name WHERE display_name IS NULL AND full_name IS NOT NULL;
"""


def undo_updates(database, times):
    """The first so many updates of a row leave it as it was."""
    database.execute("CREATE SEQUENCE undone")
    database.execute("CREATE FUNCTION undo() RETURNS trigger LANGUAGE plpgsql AS "
                     f"$$ BEGIN IF nextval('public.undone') <= {times} THEN "
                     "NEW.display_name := NULL; END IF; RETURN NEW; END $$")
    database.execute("CREATE TRIGGER undo BEFORE UPDATE ON users FOR EACH ROW "
                     "EXECUTE FUNCTION undo()")


@pytest.mark.parametrize("rows, passes", [(50, [100]), (11000, [2, 3, 4])])
def test_a_backfill_that_is_undone_ends_with_an_error(rows, passes, project, database):
    """Apps may add a few rows between two passes, for a while. The first pass may come upon a row
    again, where the first of its parts put it."""
    expand(project, database, rows=rows, body=UNSYNCED)
    undo_updates(database, 10**9)
    failed = project.fails(8, "backfill", "run")
    found = re.search(r"does not end: pass (\d+) updated as many rows \((\d+)\)", failed.stderr)
    assert found and int(found[1]) in passes and int(found[2]) >= rows, failed
    database.execute("DROP FUNCTION undo CASCADE")
    project.ok("backfill", "run")
    assert unfilled(database) == 0


def test_rows_that_come_back_for_some_passes_are_filled(project, database):
    expand(project, database, rows=50, body=UNSYNCED)
    undo_updates(database, 5 * 50)
    project.ok("backfill", "run")
    assert unfilled(database) == 0
    assert database.query("SELECT state, pass, rows FROM sluice.backfill") == [("done", 7, 300)]


def test_deletes_in_parts(project, database):
    make_users(database, 5000)
    project.settings(SMALL)
    project.revision(RENAME, "-- sluice: expand\nALTER TABLE users ADD COLUMN extra int;\n"
                     "-- sluice: backfill\nDELETE FROM users WHERE id % 2 = 0;\n")
    project.ok("upgrade")
    assert project.json("backfill", "run")["backfills"][0]["rows"] == 2500
    assert database.query("SELECT count(*), count(*) FILTER (WHERE id % 2 = 0) FROM users") == \
        [(2500, 0)]


def test_partitions_are_filled_leaf_by_leaf(project, database):
    database.execute("CREATE TABLE users (id bigint, full_name text, note text) "
                     "PARTITION BY RANGE (id)")
    for i in range(3):
        database.execute(f'CREATE TABLE "users {i}" PARTITION OF users '
                         f"FOR VALUES FROM ({i * 1000}) TO ({(i + 1) * 1000})")
    database.execute("INSERT INTO users SELECT i, 'name ' || i FROM generate_series(0, 2999) i")
    project.settings(SMALL)
    project.revision(RENAME, SYNC)
    project.ok("upgrade")
    assert project.json("backfill", "run")["backfills"][0]["rows"] == 3000
    assert unfilled(database) == 0
    assert database.query("SELECT rows, state FROM sluice.backfill ORDER BY ordinal") == \
        [(1000, "done")] * 3


def test_a_partition_that_goes_and_one_that_comes(project, database):
    database.execute("CREATE TABLE users (id bigint, full_name text, note text) "
                     "PARTITION BY RANGE (id)")
    for i in range(3):
        database.execute(f"CREATE TABLE users_{i} PARTITION OF users "
                         f"FOR VALUES FROM ({i * 1000}) TO ({(i + 1) * 1000})")
    database.execute("INSERT INTO users SELECT i, 'name ' || i FROM generate_series(0, 2999) i")
    project.settings(SMALL)
    project.revision(RENAME, SYNC)
    project.ok("upgrade")
    slow_down(database, 0.001)
    process = project.start("backfill", "run", "--format", "json")
    wait_until(lambda: unfilled(database) < 3000, what="first rows")
    database.execute("CREATE TABLE users_3 (LIKE users INCLUDING DEFAULTS)")
    database.execute("INSERT INTO users_3 SELECT i, 'name ' || i FROM generate_series(3000, 3099) i")
    database.execute("ALTER TABLE users ATTACH PARTITION users_3 FOR VALUES FROM (3000) TO (4000)")
    database.execute("DROP TABLE users_2")
    finish(process)
    assert unfilled(database) == 0
    assert database.value("SELECT count(*) FROM users") == 2100


def test_verify_finds_a_row_that_differs(project, database):
    expand(project, database, rows=1000)
    unready = project.fails(9, "backfill", "verify", "--format", "json")
    assert unready.json["verified"][0]["mismatches"] == 1000
    project.ok("backfill", "run")
    assert project.json("backfill", "verify")["verified"] == [
        {"revision": RENAME, "checked": 1000, "mismatches": 0, "example": None}]
    session = database.connect()
    with session.cursor() as cursor:
        cursor.execute("ALTER TABLE users DISABLE TRIGGER USER")
        cursor.execute("UPDATE users SET display_name = 'other' WHERE id = 77")
    session.close()
    failed = project.fails(9, "backfill", "verify")
    assert "1 of 1,000 rows differ" in failed.stdout and "id = 77" in failed.stdout


def test_verify_runs_the_authors_query(project, database):
    expand(project, database, rows=100, body=SYNC + "\n-- sluice: verify\n"
           "SELECT id FROM users WHERE display_name IS DISTINCT FROM full_name;\n")
    project.ok("backfill", "run")
    project.ok("backfill", "verify")
    database.execute("ALTER TABLE users DISABLE TRIGGER USER")
    database.execute("UPDATE users SET display_name = 'other' WHERE id IN (3, 4)")
    failed = project.fails(9, "backfill", "verify", "--format", "json")
    assert failed.json["verified"][0]["mismatches"] == 2


def test_control_without_a_backfill_says_so(project, database):
    expand(project, database, rows=10)
    for verb in ("pause", "resume", "cancel", "retry"):
        assert "no backfill" in project.fails(8, "backfill", verb).stderr


def test_run_before_expand_says_what_to_do(project, database):
    make_users(database, 10)
    project.revision(RENAME, SYNC)
    failed = project.fails(8, "backfill", "run", RENAME)
    assert "sluice upgrade" in failed.stderr
