"""What holds a backfill: each signal with the real thing, its record, and that it goes on afterwards."""
import datetime
import json
import threading

import psycopg2
import pytest

from backfill_fixtures import (RENAME, SMALL, SYNC, expand, finish, make_users, slow_down, status,
                               unfilled)
from conftest import Project, wait_until

ROWS = 1500


def begin(project, database, settings, rows=ROWS, row_s=0.0005):
    """Starts a backfill of some seconds, each row of which takes row_s, with these settings."""
    expand(project, database, rows=rows, settings=SMALL + settings)
    slow_down(database, row_s)
    return project.start("backfill", "run", "--format", "json")


def working(database):
    return database.value("SELECT count(*) FROM pg_stat_activity WHERE state <> 'idle' "
                          "AND application_name = 'sluice/backfill'")


def wait_held(project, database, process, *words):
    """Until it is held for a reason with these words, and really does nothing. Returns what is left."""
    def held():
        assert process.poll() is None, process.communicate()
        text = database.value("SELECT coalesce(max(throttle), '') FROM sluice.backfill")
        return text and all(word in text for word in words)
    wait_until(held, what=f"a hold with {words}")
    assert all(word in status(project)["throttle"] for word in words)
    assert status(project)["state"] in ("throttled", "stopped")
    wait_until(lambda: working(database) == 0, what="workers at rest")
    left = unfilled(database)
    database.execute("SELECT pg_sleep(0.4)")
    assert unfilled(database) == left > 0
    return left


def ends(process, database, signal, holder=None, rows=ROWS):
    """It goes on to the end, and the stop stands in the ledger with its signal and holder."""
    assert rows is None or finish(process)["backfills"][0]["rows"] == rows
    assert unfilled(database) == 0
    stops, held_ms, cause, limit, who = database.query(
        "SELECT stops, held_ms, cause, \"limit\", holder FROM sluice.throttle WHERE signal = %s",
        signal)[0]
    assert stops >= 1 and held_ms > 0
    if holder:
        assert holder in who and holder in cause
    assert database.value("SELECT throttled_ms = (SELECT sum(held_ms) FROM sluice.throttle) "
                          "FROM sluice.backfill")
    assert database.value("SELECT throttle FROM sluice.backfill") is None
    return stops, held_ms, limit


def test_a_query_of_the_users_own(project, database):
    database.execute("CREATE TABLE brake (n int, who text)")
    database.execute("INSERT INTO brake VALUES (1, 'the night shift')")
    process = begin(project, database, "  signal_query: SELECT n, who FROM brake\n")
    wait_held(project, database, process, "backfill.signal_query 1 > 0 (the night shift)")
    assert unfilled(database) == ROWS, "nobody works before the first look"
    wait_until(lambda: database.value("SELECT count(*) FROM sluice.event WHERE kind = 'throttle'"))
    event = database.query("SELECT text, data FROM sluice.event WHERE kind = 'throttle'")[0]
    assert "is held: backfill.signal_query" in event[0]
    assert (event[1]["value"], event[1]["limit"], event[1]["holder"]) == (1, 0, "the night shift")
    database.execute("UPDATE brake SET n = 0")
    ends(process, database, "backfill.signal_query", "the night shift")
    assert "was held for" in database.value(
        "SELECT text FROM sluice.event WHERE kind = 'throttle' ORDER BY id DESC LIMIT 1")
    held = status(project)["throttles"]
    assert [row["signal"] for row in held] == ["backfill.signal_query"]
    assert held[0]["held_ms"] == status(project)["throttled_ms"] >= 500


def test_a_query_that_fails_is_refused_at_start_and_holds_later(project, database):
    database.execute("CREATE TABLE brake AS SELECT 0 AS n")
    process = begin(project, database, "  signal_query: SELECT n FROM brake\n")
    wait_until(lambda: unfilled(database) < ROWS, what="first rows")
    database.execute("ALTER TABLE brake RENAME TO gone")
    wait_held(project, database, process, "cannot be measured", 'relation "brake" does not exist')
    database.execute("ALTER TABLE gone RENAME TO brake")
    ends(process, database, "backfill.signal_query")
    database.execute("DROP TABLE brake")
    database.execute("UPDATE sluice.backfill SET state = 'running'")
    database.execute("UPDATE sluice.revision SET state = 'expanded'")
    failed = project.fails(5, "backfill", "run")
    assert 'relation "brake" does not exist' in failed.stderr and "signal_query" in failed.stderr


def test_a_window_is_waited_for_and_set_from_elsewhere(project, database):
    hour = datetime.datetime.now(datetime.timezone.utc).hour
    closed = f"{(hour + 2) % 24:02}:00-{(hour + 3) % 24:02}:00"
    process = begin(project, database, f"  window: {closed}\n")
    other = project.start("backfill", "run", "--format", "json")
    wait_held(project, database, process, f"window {closed} opens in", "in UTC")
    assert unfilled(database) == ROWS
    refused = project.fails(3, "backfill", "set", "window=22:00-06:00 UTC+2")
    assert "no time of day" in refused.stderr
    project.ok("backfill", "set", "window=00:00-24:00 Europe/Berlin")
    finish(other)
    ends(process, database, "window")
    assert status(project)["set"] == {"window": "00:00-24:00 Europe/Berlin"}


def test_an_unknown_zone_is_refused(project, database):
    expand(project, database, rows=10, settings=SMALL + "  window: 22:00-06:00 Europe/Nowhere\n")
    assert "Europe/Nowhere" in project.fails(5, "backfill", "run").stderr
    assert unfilled(database) == 10


@pytest.fixture
def reader(database):
    """A session with an old snapshot and a name."""
    session = database.connect(autocommit=False, application_name="report")
    session.cursor().execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1")
    yield session
    session.close()


OLD = "  max_xmin_age: 300ms\n"


def test_an_old_snapshot_is_waited_for(project, database, reader):
    process = begin(project, database, OLD)
    wait_held(project, database, process, "oldest snapshot", "> 300ms",
              f"pid {reader.info.backend_pid} report (postgres), idle in transaction")
    reader.rollback()
    ends(process, database, "oldest snapshot", f"pid {reader.info.backend_pid} report")


def test_an_old_snapshot_makes_it_plain_where_asked(project, database, reader):
    rows = 9000  # more than the ranges hold that are planned before it is asked
    process = begin(project, database, OLD, rows=rows)
    wait_held(project, database, process, "oldest snapshot")
    project.ok("backfill", "set", "old_xmin=plain")
    wait_until(lambda: database.value("SELECT count(*) FROM sluice.chunk WHERE parts = 1 "
                                      "AND pass = 1"),
               what="ranges of one part")
    told = database.value("SELECT text FROM sluice.event WHERE kind = 'throttle' "
                          "AND text LIKE '%%plain order%%'")
    assert f"pid {reader.info.backend_pid} report" in told and "the table grows" in told
    reader.rollback()
    ends(process, database, "oldest snapshot", rows=rows)


def test_an_old_snapshot_is_gone_past_where_asked(project, database, reader):
    process = begin(project, database, OLD + "  old_xmin: go_on\n")
    assert finish(process)["backfills"][0]["throttled_ms"] == 0
    assert f"pid {reader.info.backend_pid} report" in database.value(
        "SELECT text FROM sluice.event WHERE kind = 'throttle' LIMIT 1")
    assert database.value("SELECT count(*) FROM sluice.throttle") == 0


def test_a_slot_that_nobody_consumes(project, database):
    database.execute("SELECT pg_create_physical_replication_slot('forgotten', true)")
    try:
        process = begin(project, database, "  max_slot_wal: 100kB\n  max_replica_lag: 0\n"
                        "  max_replica_lag_size: 0\n")
        wait_held(project, database, process, "WAL kept by a slot", "> 100.0 kB",
                  "slot forgotten, not connected")
    finally:
        database.execute("SELECT pg_drop_replication_slot('forgotten')")
    ends(process, database, "WAL kept by a slot", "slot forgotten")


def test_sessions_in_its_lock_queue(project, database):
    # The smallest part has more rows than the two target times that an app may wait.
    process = begin(project, database, "  target_time: 20ms\n", rows=600, row_s=0.01)
    app = database.connect(application_name="shop")
    with app.cursor() as cursor:
        while process.poll() is None and not database.value("SELECT count(*) FROM sluice.throttle"):
            cursor.execute("UPDATE users SET note = 'y' WHERE id IN (SELECT id FROM users "
                           "WHERE display_name IS NULL ORDER BY id LIMIT 10)")
    app.close()
    finish(process)  # the triggers have filled what the app wrote
    ends(process, database, "sessions blocked by the backfill", "shop (postgres) for over 40ms",
         rows=None)


def run_until_cancelled(session, sql):
    """In a thread of its own; session.cancel() ends it."""
    def run():
        try:
            session.cursor().execute(sql)
        except psycopg2.errors.QueryCanceled:
            pass
    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_active_sessions(project, database):
    process = begin(project, database, "  max_active_sessions: 1\n")
    wait_until(lambda: unfilled(database) < ROWS, what="first rows")
    apps = [database.connect(application_name="shop") for _ in range(2)]
    threads = [run_until_cancelled(app, "SELECT pg_sleep(60)") for app in apps]
    try:
        wait_held(project, database, process, "active sessions", " > 1")
    finally:
        for app, thread in zip(apps, threads):
            app.cancel()
            thread.join()
            app.close()
    ends(process, database, "active sessions")


def test_the_rate_of_wal(project, database):
    process = begin(project, database, "  max_wal_rate: 100kB\n")
    ends(process, database, "WAL written")


def test_a_vacuum_of_the_table(project, database):
    expand(project, database, rows=ROWS, settings=SMALL + "  max_dead_rows: 5%\n")
    # Else an autovacuum would be due for what the backfill leaves, and waited for.
    database.execute("ALTER TABLE users SET (autovacuum_enabled = false)")
    database.execute("UPDATE users SET note = 'dead' WHERE id <= 200")
    slow_down(database, 0.0005)
    session = database.connect(application_name="dba")
    session.cursor().execute("SET vacuum_cost_delay = '100ms'; SET vacuum_cost_limit = 1")
    thread = run_until_cancelled(session, "VACUUM users")
    try:
        wait_until(lambda: database.query("SELECT 1 FROM pg_stat_progress_vacuum"), what="vacuum")
        process = project.start("backfill", "run", "--format", "json")
        wait_held(project, database, process, "dead rows", "> 5.0 %", "vacuum by pid")
    finally:
        session.cancel()
        thread.join()
    ends(process, database, "dead rows", f"vacuum by pid {session.info.backend_pid}",
         rows=ROWS - 200)  # which the triggers have filled
    session.close()


def test_forced_checkpoints_and_a_limit_that_is_lifted(project, database):
    process = begin(project, database, "  max_checkpoints: 1\n", rows=4 * ROWS)
    wait_until(lambda: unfilled(database) < 4 * ROWS, what="first rows")

    def force():
        database.execute("CHECKPOINT")
        return database.query("SELECT 1 FROM sluice.throttle")
    wait_until(force, what="a stop")
    wait_held(project, database, process, "forced checkpoints in 5 minutes", "> 1")
    project.ok("backfill", "set", "max_checkpoints=0")
    ends(process, database, "forced checkpoints in 5 minutes", rows=4 * ROWS)


def test_an_archive_that_does_not_take_wal(own_server, tmp_path):
    database = own_server.create_database()
    database.execute("ALTER SYSTEM SET archive_mode = on")
    database.execute("ALTER SYSTEM SET archive_command = 'false'")
    database.execute("ALTER SYSTEM SET max_prepared_transactions = 5")
    own_server.stop()
    own_server.start()
    project = Project(tmp_path / "project", database)
    for _ in range(3):
        database.execute("SELECT pg_logical_emit_message(false, 'test', 'x'), pg_switch_wal()")
    process = begin(project, database, "  max_archive_backlog: 1\n" + OLD)
    wait_held(project, database, process, "WAL segments not archived", "> 1")
    session = database.connect(autocommit=False)
    with session.cursor() as cursor:
        cursor.execute("CREATE TABLE prepared ()")
        cursor.execute("PREPARE TRANSACTION 'left behind'")
    session.close()
    database.execute("ALTER SYSTEM SET archive_command = 'true'")
    database.execute("SELECT pg_reload_conf()")
    wait_held(project, database, process, "oldest snapshot",
              "prepared transaction 'left behind' (postgres)")
    database.execute("ROLLBACK PREPARED 'left behind'")
    ends(process, database, "WAL segments not archived")
    assert {row["signal"] for row in status(project)["throttles"]} >= {
        "WAL segments not archived", "oldest snapshot"}


def test_commits_that_take_long(own_server, tmp_path):
    """As on a slow disk: the server waits before each flush, for others that might share it."""
    database = own_server.create_database()

    def set_all(*settings):
        for setting in settings:
            database.execute(f"ALTER SYSTEM SET {setting}")
        database.execute("SELECT pg_reload_conf()")
    set_all("fsync = on", "commit_siblings = 0")
    project = Project(tmp_path / "project", database)
    process = begin(project, database, "  max_commit_time: 20ms\n", row_s=0.002)
    wait_until(lambda: unfilled(database) < ROWS, what="first rows")
    set_all("commit_delay = 100000")
    wait_held(project, database, process, "time of a commit", "> 20ms")
    set_all("commit_delay = 0")
    ends(process, database, "time of a commit")


def test_a_replica_that_applies_late(replica, tmp_path):
    database = replica.create_database()
    project = Project(tmp_path / "project", database)
    standby = psycopg2.connect(replica.info["replica"]["url"])
    standby.autocommit = True
    with standby.cursor() as cursor:
        process = begin(project, database, "  max_replica_lag: 500ms\n")
        cursor.execute("ALTER SYSTEM SET recovery_min_apply_delay = '30s'")
        cursor.execute("SELECT pg_reload_conf()")
        try:
            wait_held(project, database, process, "replica lag", "> 500ms", "replica ")
            project.ok("backfill", "set", "max_replica_lag=1h")
            wait_until(lambda: status(project)["throttle"] is None, what="the other limit")
            project.ok("backfill", "set", "max_replica_lag=")
            wait_held(project, database, process, "replica lag", "> 500ms")
        finally:
            cursor.execute("ALTER SYSTEM RESET recovery_min_apply_delay")
            cursor.execute("SELECT pg_reload_conf()")
    standby.close()
    ends(process, database, "replica lag", "replica ")
    replica.drop_database(database)


def test_optional_signals_are_said_and_required_ones_refused(project, database):
    database.execute("CREATE ROLE plain LOGIN")
    database.execute(f"GRANT CREATE ON DATABASE {database.name} TO plain")
    database.execute("GRANT ALL ON SCHEMA public TO plain")
    project.env["DATABASE_URL"] = database.url.replace("postgres@", "plain@")
    make_users(database, 100)
    database.execute("ALTER TABLE users OWNER TO plain")
    try:
        expand_as_owner(project)
        failed = project.fails(8, "-o", "backfill.required_signals=archive", "backfill", "run")
        assert "WAL segments not archived cannot be measured" in failed.stderr
        assert "GRANT pg_monitor TO plain" in failed.stderr
        assert "out of backfill.required_signals" in failed.stderr and unfilled(database) == 100
        done = project.ok("-o", "backfill.required_signals=none", "backfill", "run")
        for name in ("replica lag", "oldest snapshot", "WAL segments not archived"):
            assert done.stderr.count(f"warning: not watched: {name} cannot be measured") == 1
        assert unfilled(database) == 0
    finally:
        database.execute("DROP OWNED BY plain CASCADE")
        database.execute("DROP ROLE plain")


def expand_as_owner(project):
    project.settings(SMALL)
    project.revision(RENAME, SYNC)
    project.ok("upgrade")


def test_a_kill_loses_no_more_than_moments_of_the_record(project, database):
    database.execute("CREATE TABLE brake AS SELECT 1 AS n")
    process = begin(project, database, "  signal_query: SELECT n FROM brake\n")
    wait_until(lambda: database.value("SELECT coalesce(max(held_ms), 0) FROM sluice.throttle") > 0,
               what="a sum while it is held")
    process.kill()
    process.communicate()
    before = database.value("SELECT held_ms FROM sluice.throttle")
    database.execute("UPDATE brake SET n = 0")
    project.ok("backfill", "run")
    assert database.query("SELECT held_ms >= %s, stops FROM sluice.throttle", before) == [(True, 1)]
    assert status(project)["throttle"] is None and unfilled(database) == 0


def lines(text):
    return [json.loads(line) for line in text.splitlines()]


def test_watched_until_it_is_done(project, database):
    process = begin(project, database, "")
    wait_until(lambda: unfilled(database) < ROWS, what="first rows")
    watched = project.run("backfill", "watch", "--format", "json")
    assert watched.returncode == 0, watched
    seen = lines(watched.stdout)
    assert seen[-1]["state"] == "done" and seen[-1]["rows"] == ROWS
    assert seen[0]["state"] in ("running", "stopped") and seen[0]["rows"] < ROWS
    assert [line["rows"] for line in seen] == sorted(line["rows"] for line in seen)
    assert any(line["eta_ms"] for line in seen) and any(line["rows_per_s"] for line in seen)
    assert all({"share", "remaining", "hot_share", "throttles"} <= set(line) for line in seen)
    _, err = process.communicate(timeout=60)
    progress = [line for line in lines(err) if line["kind"] == "progress"]
    assert progress and all("hot_share" in line and "throttles" in line for line in progress)
    text = project.ok("backfill", "watch", RENAME)
    assert f"{RENAME}: done of public.users, {ROWS:,} rows" in text.stdout
    assert "no backfill is at work" in project.fails(8, "backfill", "watch").stderr


def test_watched_until_it_is_cancelled(project, database):
    process = begin(project, database, "")
    wait_until(lambda: unfilled(database) < ROWS, what="first rows")
    watch = project.start("backfill", "watch", "--format", "json")
    assert watch.stdout.readline().startswith('{"')
    project.ok("backfill", "cancel")
    out, _ = watch.communicate(timeout=20)
    assert watch.returncode == 8
    assert lines(out)[-1]["error"]["code"] == "state"
    process.communicate(timeout=20)


def test_each_index_is_shown(project, database):
    make_users(database, 5000)
    database.execute("CREATE INDEX users_note ON users (note)")
    expand_as_owner(project)
    project.ok("backfill", "run")
    database.execute("CREATE INDEX users_late ON users (full_name)")
    indexes = {index["name"]: index for index in status(project)["indexes"]}
    assert set(indexes) == {"users_late", "users_note", "users_pkey"}
    assert indexes["users_late"]["bytes_before"] is None
    for name in ("users_note", "users_pkey"):
        assert indexes[name]["bytes_before"] > 0 and 1 <= indexes[name]["growth"] < 2.5
    shown = project.ok("backfill", "status", RENAME).stdout
    assert "users_note" in shown and "GROWTH" in shown
