"""A mapping whose reverse and forward make another value of NULL has a marker column until contract."""
import signal
import time

from sync_fixtures import REVISION, apps, revision  # noqa: F401

MARKER = f"sluice_filled_{REVISION}"
# No nick is the empty name for the old app, and the empty name the nick '-' for the new one.
BODY = revision("t", "ADD nick varchar(40)", "coalesce(nullif(name, ''), '-') AS nick",
                "coalesce(nick, '') AS name", contract="DROP COLUMN name")
DOWNGRADE = BODY + "-- sluice: downgrade\nALTER TABLE t DROP COLUMN nick;\n"


def make(database, rows=6):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, name text, n int NOT NULL DEFAULT 0)")
    database.execute("INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, %s) i", rows)


def markers(database):
    return [name for name, in database.query(
        "SELECT attname::text FROM pg_attribute WHERE attname LIKE 'sluice\\_filled\\_%%' "
        "AND NOT attisdropped ORDER BY 1")]


def rows(database, where="true"):
    return database.query(f"SELECT id, name, nick FROM t WHERE {where} ORDER BY id")


def test_a_null_that_the_new_app_writes_survives(apps, database, project):
    make(database)
    apps.expand(BODY)
    assert markers(database) == [MARKER]
    apps.new("UPDATE t SET nick = 'x' WHERE id = 1")
    apps.new("UPDATE t SET nick = NULL WHERE id = 1")
    apps.new("INSERT INTO t (id) VALUES (10)")
    apps.old("INSERT INTO t (id, name) VALUES (11, 'old'), (12, '')")
    apps.both("UPDATE t SET n = n + 1")
    written = [(1, "", None), (10, "", None), (11, "old", "old"), (12, "", "-")]
    assert rows(database, "id IN (1, 10, 11, 12)") == written
    # Both have touched every row, so the triggers have filled them; one is put back for the backfill.
    database.execute("SET sluice.backfill = %s; UPDATE t SET nick = NULL, " + MARKER
                     + " = NULL WHERE id IN (3, 4); RESET sluice.backfill", REVISION)
    apps.fill()
    assert rows(database) == [(1, "", None)] + [(i, f"n{i}", f"n{i}") for i in range(2, 7)] \
        + written[1:]
    assert database.value(f"SELECT count(*) FROM t WHERE {MARKER} IS NOT TRUE") == 0
    apps.old("UPDATE t SET name = 'again' WHERE id = 1")
    apps.new("UPDATE t SET nick = NULL WHERE id = 2")
    apps.old("UPDATE t SET n = 7")
    assert rows(database, "id <= 2") == [(1, "again", "again"), (2, "", None)]
    apps.fill()
    apps.contract()
    assert markers(database) == []
    assert database.query("SELECT id, nick FROM t WHERE nick IS NULL ORDER BY id") == [
        (2, None), (10, None)]


def test_where_null_stays_null_there_is_none(apps, database):
    make(database)
    apps.expand(revision("t", "ADD nick text", "name AS nick"))
    assert markers(database) == []


def test_rows_that_move_between_partitions_keep_their_null(apps, database):
    database.execute("CREATE TABLE t (id int, name text, n int NOT NULL DEFAULT 0) "
                     "PARTITION BY LIST (n)")
    database.execute("CREATE TABLE t0 PARTITION OF t FOR VALUES IN (0); "
                     "CREATE TABLE t1 PARTITION OF t FOR VALUES IN (1); "
                     "INSERT INTO t SELECT i, 'n' || i FROM generate_series(1, 4) i")
    apps.expand(BODY)
    apps.new("INSERT INTO t (id) VALUES (5)")
    apps.old("UPDATE t SET n = 1 WHERE id IN (1, 5)")
    apps.fill()
    assert rows(database) == [(i, f"n{i}", f"n{i}") for i in range(1, 5)] + [(5, "", None)]
    apps.contract()


def test_one_part_of_a_mapping_and_a_second_mapping(apps, database, project):
    make(database)
    apps.expand(revision("t", "ADD nick text, ADD m int",
                         "coalesce(name, '-') AS nick, n * 2 AS m",
                         "coalesce(nick, '') AS name, m / 2 AS n"))
    second = "5c0000000002"
    apps.expand(revision("t", "ADD alias text", "coalesce(nick, '?') AS alias",
                         "coalesce(alias, '') AS nick")
                + "-- sluice: downgrade\nALTER TABLE t DROP COLUMN alias;\n", second, REVISION)
    assert markers(database) == [MARKER, f"sluice_filled_{second}"]
    apps.new("UPDATE t SET alias = 'z' WHERE id <= 2")
    apps.new("UPDATE t SET alias = NULL WHERE id = 2")
    apps.middle("UPDATE t SET m = 5 WHERE id = 3")
    apps.fill()
    assert database.query("SELECT id, name, nick, n, m, alias FROM t WHERE id <= 4 ORDER BY id") == [
        (1, "z", "z", 0, 0, "z"), (2, "", "", 0, 0, None), (3, "n3", "n3", 2, 5, "n3"),
        (4, "n4", "n4", 0, 0, "n4")]
    project.ok("downgrade", REVISION)
    assert markers(database) == [MARKER]


def test_downgrade_drops_it_and_status_tells(apps, database, project):
    make(database)
    apps.expand(DOWNGRADE)
    assert project.json("status")["markers"] == [
        {"revision": REVISION, "table": '"public"."t"', "column": MARKER}]
    assert MARKER in project.ok("status").stdout
    assert MARKER not in project.ok("show", REVISION).stdout
    shown = {section["kind"]: section["sql"] for section in
             project.json("show", REVISION, "--installed")["sections"] if section["derived"]}
    assert shown["marker columns"] == f"ALTER TABLE public.t ADD COLUMN {MARKER} boolean;"
    assert f"{MARKER} = true" in shown["backfill"] and f"NEW.{MARKER} := true" in shown["triggers"]
    assert f"-- marker columns of public.t    (installed)\nALTER TABLE public.t ADD COLUMN {MARKER}" in \
        project.ok("show", "head", "--installed").stdout
    apps.new("UPDATE t SET nick = 'x' WHERE id = 1")
    project.ok("downgrade", "base")
    assert markers(database) == []
    assert "derived" not in project.ok("show", REVISION, "--installed").stdout
    apps.nothing_left()
    assert database.query("SELECT * FROM t WHERE id = 1") == [(1, "x", 0)]
    project.ok("upgrade")
    assert markers(database) == [MARKER]


def test_killed_backfills_leave_every_null(apps, database, project):
    make(database, 30000)
    apps.expand(BODY)
    apps.new("UPDATE t SET nick = 'x' WHERE id % 10 = 0")
    apps.new("UPDATE t SET nick = NULL WHERE id % 10 = 0")
    process = project.start("backfill", "run")
    deadline = time.monotonic() + 30
    while process.poll() is None and time.monotonic() < deadline:
        if database.value("SELECT count(*) FROM t WHERE nick IS NOT NULL") > 0:
            process.send_signal(signal.SIGKILL)
            break
    assert process.wait(timeout=30) == -signal.SIGKILL
    apps.old("UPDATE t SET n = n + 1 WHERE id % 20 = 0")
    apps.fill()
    assert database.query("SELECT count(*), count(*) FILTER (WHERE nick IS NULL), "
                          "count(*) FILTER (WHERE nick = name) FROM t") == [(30000, 3000, 27000)]
    assert database.value("SELECT count(*) FROM t WHERE nick IS NULL AND id % 10 <> 0") == 0
