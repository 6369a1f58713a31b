"""kill -9 every 100 to 200 ms until it is done: each row is written exactly once, no range is lost.
Counted by a trigger of the test's own, in the transaction of the write: committed rows only.

SLUICE_STRESS_SECONDS makes it run longer, with more rows, and every form along every walk.
"""
import contextlib
import itertools
import os
import signal
import threading

import psycopg2
import pytest

from backfill_fixtures import RENAME
from conftest import Project, Server, run_sluice, wait_until
from stress_fixtures import WALKS, Killer, walk_settings

SECONDS = float(os.environ.get("SLUICE_STRESS_SECONDS", "0"))
ROWS = max(6000, int(2000 * SECONDS))
COLUMN = "-- sluice: expand\nALTER TABLE users ADD COLUMN city text;\n"
# form: its sections, the table that is written and by what, which rows it must write
FORMS = {
    "synced": (COLUMN + "-- sluice: sync users\nSELECT name AS city;\n", "UPDATE", "users",
               "SELECT id FROM users"),
    "update": (COLUMN + "-- sluice: backfill\n"
               "UPDATE users SET city = name WHERE city IS NULL AND name IS NOT NULL;\n",
               "UPDATE", "users", "SELECT id FROM users"),
    "update-from": (COLUMN + "-- sluice: backfill\n"
                    "UPDATE users u SET city = a.city FROM addresses a "
                    "WHERE a.id = u.id AND u.city IS NULL AND a.city IS NOT NULL;\n",
                    "UPDATE", "users", "SELECT id FROM addresses"),
    "delete": ("-- sluice: backfill\nDELETE FROM users WHERE id % 3 <> 0;\n",
               "DELETE", "users", "SELECT id FROM seeds WHERE id % 3 <> 0"),
    "insert": ("-- sluice: expand\nCREATE TABLE profiles (id int PRIMARY KEY, name text);\n"
               "-- sluice: backfill\nINSERT INTO profiles (id, name) SELECT u.id, u.name "
               "FROM users u WHERE u.id % 3 <> 0 ON CONFLICT (id) DO NOTHING;\n",
               "INSERT", "profiles", "SELECT id FROM seeds WHERE id % 3 <> 0"),
}
EVERY = list(itertools.product(FORMS, WALKS, [False, True]))
FEW = [*(("synced", walk, False) for walk in WALKS), ("update", "scattered", True),
       ("update-from", "plain", False), ("delete", "key", True), ("insert", "scattered", False)]
CASES = [pytest.param(*case, id=f"{case[0]}-{case[1]}-{'partitions' if case[2] else 'table'}")
         for case in (EVERY if SECONDS else FEW)]


@pytest.fixture(scope="module")
def shot():
    """A server of this module, for its tests to kill."""
    it = Server("--tcp")
    yield it
    it.close()


def prepare(project, database, form, walk, partitioned, pause=None):
    """Tables, the revision, expanded; then each write is counted, and every fifth is slow."""
    pause = pause or (0.0001 if walk == "plain" else 0.0003)
    sections, operation, written, _ = FORMS[form]
    database.execute("CREATE TABLE users (id int PRIMARY KEY, name text NOT NULL, filler text)"
                     + (" PARTITION BY HASH (id)" if partitioned else ""))
    for i in range(3 if partitioned else 0):
        database.execute(f"CREATE TABLE users_{i} PARTITION OF users "
                         f"FOR VALUES WITH (MODULUS 3, REMAINDER {i})")
    database.execute("CREATE TABLE seeds AS SELECT i AS id FROM generate_series(1, %s) i", ROWS)
    database.execute("INSERT INTO users SELECT id, 'name ' || id, repeat('x', 300) FROM seeds")
    database.execute("CREATE TABLE addresses AS SELECT id, 'city ' || id AS city FROM seeds")
    database.execute("CREATE INDEX ON addresses (id)")
    database.execute("ANALYZE")
    project.settings(walk_settings(walk))
    project.revision(RENAME, sections)
    project.ok("upgrade")
    database.execute("CREATE TABLE hits (id int, machine text)")
    database.execute("CREATE FUNCTION hit() RETURNS trigger LANGUAGE plpgsql AS $$ DECLARE "
                     f"place int := (CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END).id; BEGIN "
                     "INSERT INTO public.hits VALUES (place, current_setting('app.machine', true)); "
                     f"IF place % 5 = 0 THEN PERFORM pg_sleep({pause}); END IF; RETURN NULL; END $$")
    database.execute(f"CREATE TRIGGER hit AFTER {operation} ON {written} FOR EACH ROW "
                     "EXECUTE FUNCTION hit()")


def check(database, form):
    """Every row that was to be written is, once; the ledger knows as many; no range is open."""
    wanted = FORMS[form][3]
    rows = database.value(f"SELECT count(*) FROM ({wanted}) AS wanted")
    assert database.value("SELECT count(*) FROM (SELECT id FROM hits GROUP BY id "
                          "HAVING count(*) > 1) AS twice") == 0
    assert database.value(f"SELECT count(*) FROM ({wanted} EXCEPT SELECT id FROM hits) AS lost") == 0
    assert database.value("SELECT count(*) FROM hits") == rows > 0
    assert database.query("SELECT DISTINCT state FROM sluice.backfill") == [("done",)]
    assert database.value("SELECT sum(rows) FROM sluice.backfill") == rows
    assert database.value("SELECT count(*) FROM sluice.chunk") == 0
    return rows


@pytest.mark.parametrize("form, walk, partitioned", CASES)
def test_each_row_is_written_once(form, walk, partitioned, project, database):
    prepare(project, database, form, walk, partitioned)
    killer = Killer(project, threading.Event(), "--workers", "2")
    killer.run()
    assert killer.errors == []
    rows = check(database, form)
    print(f"\n{rows} rows, each once, {killer.kills} kills")
    assert killer.kills >= 3, "too fast to tell anything"


def machine(name, database, folder):
    """A project of another host: nothing is shared but the database, which sees who writes."""
    project = Project(folder / name, database)
    project.env |= {"HOME": str(folder / name), "SLUICE_ACTOR": f"tester@{name}",
                    "DATABASE_URL": f"{database.url}{'&' if '?' in database.url else '?'}"
                                    f"options=-c%20app.machine%3D{name}"}
    return project


@pytest.mark.parametrize("killed", [False, True], ids=["alive", "killed"])
def test_two_machines_and_an_app_that_holds_rows(killed, database, tmp_path):
    """They share the work; what the app holds is left out, and done once it lets go."""
    one, two = (machine(name, database, tmp_path) for name in ("one", "two"))
    prepare(one, database, "synced", "scattered", False)
    two.settings(walk_settings("scattered"))
    two.revision(RENAME, FORMS["synced"][0])
    app = database.connect(autocommit=False)
    with app.cursor() as cursor:
        cursor.execute("SELECT FROM users WHERE id % 500 = 1 FOR UPDATE")
    held = ROWS // 500
    killers = [Killer(it, threading.Event(), "--workers", "2",
                      life=(0.1, 0.2) if killed else (600, 600)) for it in (one, two)]
    for killer in killers:
        killer.start()
    wait_until(lambda: database.value("SELECT count(*) FROM hits") == ROWS - held, 60 + 4 * SECONDS,
               "all but the rows that the app holds")
    wait_until(lambda: database.value("SELECT min(pass) FROM sluice.backfill") > 3,
               what="more passes, which find no other row")
    assert database.query("SELECT state FROM sluice.backfill") == [("running",)]
    assert database.value("SELECT count(*) FROM hits") == ROWS - held
    app.rollback()
    app.close()
    for killer in killers:
        killer.join()
    assert [it.errors for it in killers] == [[], []]
    check(database, "synced")
    shares = dict(database.query("SELECT machine, count(*) FROM hits GROUP BY machine"))
    print(f"\n{shares}, {sum(it.kills for it in killers)} kills")
    assert set(shares) == {"one", "two"} and min(shares.values()) > ROWS // 20


def kill_backend(server, database):
    """kill -9 of a session that fills: PostgreSQL ends all others too, and recovers."""
    pids = database.query("SELECT pid FROM pg_stat_activity WHERE datname = current_database() "
                          "AND application_name = 'sluice/backfill'")
    for pid, in pids:
        with contextlib.suppress(ProcessLookupError):  # its sluice was killed meanwhile
            os.kill(pid, signal.SIGKILL)
            return True
    return False


def kill_server(server, database):
    """kill -9 of the postmaster; it starts again when the last of its children has left."""
    os.kill(server.pid, signal.SIGKILL)
    wait_until(lambda: run_sluice("dev", "start", "--dir", server.folder).returncode == 0,
               what="the server starts again")
    server.start()
    return True


@pytest.mark.parametrize("sluice_too", [False, True], ids=["sluice-stays", "sluice-dies-too"])
@pytest.mark.parametrize("kill", [kill_backend, kill_server])
def test_postgresql_is_killed(kill, sluice_too, shot, tmp_path):
    database = shot.create_database()
    project = Project(tmp_path / "project", database)
    prepare(project, database, "synced", "scattered", False, pause=0.001)
    stop = threading.Event()
    killer = Killer(project, stop, "--workers", "2",
                    life=(0.2, 0.4) if sluice_too else (600, 600))
    killer.start()
    kills = 0
    written = 0
    while not killer.done and kills < max(3, SECONDS):
        with contextlib.suppress(psycopg2.Error):
            now = database.value("SELECT count(*) FROM hits")
            if now > written and kill(shot, database):
                kills, written = kills + 1, now
    killer.join()
    assert [error for error in killer.errors if "status 4" not in error] == []
    rows = check(database, "synced")
    print(f"\n{rows} rows, each once, {kills} kills of PostgreSQL, {killer.kills} of sluice")
    assert kills >= 2 and (killer.kills > 0) == sluice_too
    shot.drop_database(database)
