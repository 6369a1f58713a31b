"""Sync, case by case: the statements that apps write rows with, and what else the table has."""
import io

import pytest

from sync_fixtures import REVISION, apps, make, revision, rows_of  # noqa: F401

LOSSY = ("lower(a) AS b", "upper(b) AS a")


def test_on_conflict(apps, database):
    make(database, 6)
    apps.expand(revision("t", "ADD b text", *LOSSY, contract="DROP COLUMN a"))

    def write(first):
        apps.old("INSERT INTO t VALUES (%s, 'Old') ON CONFLICT (id) DO UPDATE SET a = excluded.a", first)
        apps.new("INSERT INTO t (id, b) VALUES (%s, 'New') ON CONFLICT (id) DO UPDATE "
                 "SET b = excluded.b", first + 1)
        apps.new("INSERT INTO t (id, b) VALUES (%s, 'lost') ON CONFLICT (id) DO UPDATE "
                 "SET n = t.n + 1", first + 2)
        apps.old("INSERT INTO t VALUES (%s, 'lost') ON CONFLICT DO NOTHING", first + 2)
    write(1)
    apps.fill()
    write(4)
    write(7)
    assert rows_of(database) == [(1, "Old", "old"), (2, "NEW", "New"), (3, "A3", "a3"),
                                 (4, "Old", "old"), (5, "NEW", "New"), (6, "A6", "a6"),
                                 (7, "Old", "old"), (8, "NEW", "New"), (9, "LOST", "lost")]
    apps.contract()


def test_on_conflict_over_a_column_of_the_mapping(apps, database):
    """Each version names the column that it knows, and both name the same row by it."""
    make(database, 3)
    database.execute("ALTER TABLE t ADD UNIQUE (a)")
    body = revision("t", "ADD b text", "a AS b", contract="DROP COLUMN a")
    apps.expand(body.replace("-- sluice: contract", "-- sluice: finish\nCREATE UNIQUE INDEX CONCURRENTLY t_b ON t (b);\n"
                             "-- sluice: contract"))
    apps.fill()
    apps.old("INSERT INTO t VALUES (10, 'A1') ON CONFLICT (a) DO UPDATE SET n = t.n + 1")
    apps.new("INSERT INTO t (id, b) VALUES (11, 'A1') ON CONFLICT (b) DO UPDATE SET n = t.n + 1")
    apps.new("INSERT INTO t (id, b) VALUES (12, 'A2') ON CONFLICT (b) DO UPDATE SET b = 'B2'")
    apps.new("INSERT INTO t (id, b) VALUES (13, 'A13') ON CONFLICT (b) DO NOTHING")
    apps.old("INSERT INTO t VALUES (14, 'A13') ON CONFLICT (a) DO UPDATE SET a = 'B13'")
    apps.old("INSERT INTO t VALUES (15, 'B2') ON CONFLICT DO NOTHING")
    assert database.query("SELECT id, a, b, n FROM t ORDER BY id") == [
        (1, "A1", "A1", 2), (2, "B2", "B2", 0), (3, "A3", "A3", 0), (13, "B13", "B13", 0)]
    apps.contract()


def test_copy(apps, database):
    make(database, 1)
    apps.expand(revision("t", "ADD b text", *LOSSY, contract="DROP COLUMN a"))
    for name, columns, text in (("1.0", "id, a", "2\tOld\n"), ("2.0", "id, b", "3\tNew\n"),
                                ("3.0", "id, a, b", "4\tPar\tpar\n5\tX\tNot\n6\tKeep This\tkeep this\n")):
        session = database.connect(application_name=f"shop/{name}")
        session.cursor().copy_expert(f"COPY t ({columns}) FROM STDIN", io.StringIO(text))
        session.close()
    apps.fill()
    assert rows_of(database) == [(1, "A1", "a1"), (2, "Old", "old"), (3, "NEW", "New"),
                                 (4, "Par", "par"), (5, "NOT", "Not"),
                                 (6, "Keep This", "keep this")]
    apps.contract()


def test_merge(apps, database):
    make(database, 4)
    apps.expand(revision("t", "ADD b text", *LOSSY, contract="DROP COLUMN a"))
    merge = ("MERGE INTO t USING (VALUES {values}) v (id, x) ON v.id = t.id "
             "WHEN MATCHED AND x = 'gone' THEN DELETE WHEN MATCHED THEN UPDATE SET {column} = x "
             "WHEN NOT MATCHED THEN INSERT (id, {column}) VALUES (v.id, x)")
    apps.old(merge.format(values="(1, 'Old'), (5, 'Old')", column="a"))
    apps.fill()
    apps.new(merge.format(values="(2, 'New'), (3, 'gone'), (6, 'New')", column="b"))
    assert rows_of(database) == [(1, "Old", "old"), (2, "NEW", "New"), (4, "A4", "a4"),
                                 (5, "Old", "old"), (6, "NEW", "New")]
    apps.contract()


def test_cascades_of_foreign_keys(apps, database):
    database.execute("CREATE TABLE owners (id int PRIMARY KEY)")
    database.execute("INSERT INTO owners SELECT generate_series(0, 9)")
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a int DEFAULT 0 REFERENCES owners "
                     "ON UPDATE CASCADE ON DELETE SET NULL, "
                     "n int REFERENCES owners ON DELETE CASCADE)")
    database.execute("INSERT INTO t SELECT i, i, 9 FROM generate_series(1, 5) i")
    apps.expand(revision("t", "ADD b bigint", "a::bigint AS b", "b::int AS a",
                         contract="DROP COLUMN a"))
    apps.both("UPDATE owners SET id = id + 100 WHERE id = 1")
    apps.old("DELETE FROM owners WHERE id = 2")
    apps.fill()
    apps.new("UPDATE owners SET id = id + 100 WHERE id = 3")
    apps.new("DELETE FROM owners WHERE id = 4")
    apps.new("UPDATE t SET n = 8 WHERE id <> 5")
    apps.old("DELETE FROM owners WHERE id = 9")
    assert rows_of(database) == [(1, 101, 101), (2, None, None), (3, 103, 103), (4, None, None)]
    apps.contract()


def test_updates_of_the_key(apps, database):
    make(database, 6)
    apps.expand(revision("t", "ADD b text", *LOSSY, contract="DROP COLUMN a"))
    apps.old("UPDATE t SET id = 11 WHERE id = 1")
    apps.new("UPDATE t SET id = 12, b = 'New' WHERE id = 2")
    apps.fill()
    apps.new("UPDATE t SET b = 'Mixed' WHERE id = 3")
    apps.both("UPDATE t SET id = id + 10 WHERE id IN (3, 4)")
    apps.old("UPDATE t SET id = 15, a = 'Old' WHERE id = 5")
    assert rows_of(database) == [(6, "A6", "a6"), (11, "A1", "a1"), (12, "NEW", "New"),
                                 (13, "MIXED", "Mixed"), (14, "A4", "a4"), (15, "Old", "old")]
    apps.contract()


def test_the_mapped_column_is_the_key(apps, database):
    make(database, 4)
    apps.expand(revision("t", "ADD key int", "id AS key"))
    apps.old("UPDATE t SET id = 11 WHERE id = 1")
    apps.new("UPDATE t SET key = 12 WHERE id = 2")
    apps.fill()
    apps.old("UPDATE t SET id = 13 WHERE id = 3")
    apps.new("UPDATE t SET key = 14 WHERE key = 4")
    assert database.query("SELECT id, key FROM t ORDER BY id") == [(i, i) for i in (11, 12, 13, 14)]
    apps.project.ok("backfill", "verify")


@pytest.mark.parametrize("side", ["old", "new"])
def test_before_triggers_of_the_app(side, apps, database):
    """They run first, whatever they do to either side, and sync sees the row that they made."""
    make(database, 4)
    column = "a" if side == "old" else "b"
    apps.expand(revision("t", "ADD b text", "a AS b", contract="DROP COLUMN a"))
    database.execute(f"CREATE FUNCTION tidy() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     f"NEW.{column} := btrim(NEW.{column}); "
                     f"IF NEW.{column} = 'skip' THEN RETURN NULL; END IF; RETURN NEW; END $$")
    database.execute("CREATE TRIGGER tidy BEFORE INSERT OR UPDATE ON t FOR EACH ROW "
                     "EXECUTE FUNCTION tidy()")
    write = apps.old if side == "old" else apps.new
    write(f"UPDATE t SET {column} = '  x  ' WHERE id = 1")
    apps.fill()
    write(f"UPDATE t SET {column} = '  y  ' WHERE id = 2")
    write(f"UPDATE t SET {column} = ' skip ' WHERE id = 3")
    write(f"INSERT INTO t (id, {column}) VALUES (5, ' z '), (6, 'skip')")
    assert rows_of(database) == [(1, "x", "x"), (2, "y", "y"), (3, "A3", "A3"), (4, "A4", "A4"),
                                 (5, "z", "z")]
    database.execute("DROP TRIGGER tidy ON t")
    apps.contract()


def test_rows_that_move_between_partitions(apps, database):
    database.execute("CREATE TABLE t (id int, a text NOT NULL, n int NOT NULL, PRIMARY KEY (id, n)) "
                     "PARTITION BY LIST (n)")
    for part in (1, 2):
        database.execute(f"CREATE TABLE t{part} PARTITION OF t FOR VALUES IN ({part})")
    database.execute("INSERT INTO t SELECT i, 'A' || i, 1 FROM generate_series(1, 8) i")
    apps.expand(revision("t", "ADD b text", *LOSSY, contract="DROP COLUMN a"))
    apps.both("UPDATE t SET n = 3 - n WHERE id IN (1, 2)")
    apps.old("UPDATE t SET n = 2, a = 'Old' WHERE id = 3")
    apps.new("UPDATE t SET n = 2, b = 'New' WHERE id = 4")
    apps.new("UPDATE t SET b = 'Mixed' WHERE id = 5")
    apps.old("UPDATE t SET a = 'Mixed' WHERE id = 6")
    apps.both("UPDATE t SET n = 3 - n WHERE id IN (5, 6)")
    apps.old("UPDATE t SET n = 2 WHERE id IN (5, 6)")
    apps.fill()
    apps.old("UPDATE t SET n = 2, a = 'Late' WHERE id = 7")
    apps.new("UPDATE t SET n = 2, b = 'Late' WHERE id = 8")
    assert rows_of(database) == [
        (1, "A1", "a1"), (2, "A2", "a2"), (3, "Old", "old"), (4, "NEW", "New"),
        (5, "MIXED", "Mixed"), (6, "Mixed", "mixed"), (7, "Late", "late"), (8, "LATE", "Late")]
    apps.contract()
    assert database.query("SELECT b FROM t WHERE n = 2 AND id = 8") == [("Late",)]


def test_rows_of_a_chain_that_move_between_partitions(apps, database):
    """What each of three versions wrote moves along, filled or not, through two mappings that lose something."""
    database.execute("CREATE TABLE t (id int, a text NOT NULL, n int NOT NULL) PARTITION BY LIST (n)")
    for part in (1, 2):
        database.execute(f"CREATE TABLE t{part} PARTITION OF t FOR VALUES IN ({part})")
    database.execute("INSERT INTO t SELECT i, 'A' || i, 1 FROM generate_series(1, 8) i")
    apps.expand(revision("t", "ADD b text", *LOSSY, contract="DROP COLUMN a"))
    apps.expand(revision("t", "ADD c text", "b || '!' AS c", "rtrim(c, '!') AS b", contract="DROP COLUMN b"),
                "5c0000000002", REVISION)
    apps.old("UPDATE t SET n = 2 WHERE id = 1")
    apps.old("UPDATE t SET n = 2, a = 'Old' WHERE id = 2")
    apps.middle("UPDATE t SET b = 'Middle' WHERE id = 3")
    apps.new("UPDATE t SET c = 'New!!' WHERE id = 4")
    apps.old("UPDATE t SET n = 3 - n WHERE id IN (3, 4)")
    apps.fill()
    apps.new("UPDATE t SET c = 'Late', n = 2 WHERE id = 5")
    apps.middle("UPDATE t SET n = 3 - n WHERE id IN (3, 4, 5, 6)")
    assert database.query("SELECT id, n, a, b, c FROM t WHERE id < 7 ORDER BY id") == [
        (1, 2, "A1", "a1", "a1!"), (2, 2, "Old", "old", "old!"), (3, 1, "MIDDLE", "Middle", "Middle!"),
        (4, 1, "NEW", "New", "New!!"), (5, 1, "LATE", "Late", "Late"), (6, 2, "A6", "a6", "a6!")]
    apps.contract()
    apps.contract("5c0000000002")


def test_triggers_as_a_dump_writes_them(apps, database):
    """Whoever restores a dump of a database with a mapping in flight gets its triggers back."""
    make(database)
    apps.expand(revision("t", "ADD b text", *LOSSY, contract="DROP COLUMN a"))
    written = database.query("SELECT tgname, pg_get_triggerdef(oid) FROM pg_trigger "
                             "WHERE tgrelid = 't'::regclass AND tgname ~ 'sluice'")
    assert len(written) == 2
    for name, definition in written:
        database.execute(f"DROP TRIGGER {name} ON t")
        database.execute(definition)
        database.execute(f"ALTER TABLE t ENABLE ALWAYS TRIGGER {name}")
    apps.new("UPDATE t SET b = 'New' WHERE id = 1")
    apps.fill()
    assert rows_of(database, "id < 3") == [(1, "NEW", "New"), (2, "A2", "a2")]
    apps.contract()
