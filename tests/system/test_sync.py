"""The sync triggers: which side wins, who may fire them, what is refused before anything changes."""
import io

import pytest

from backfill_fixtures import RENAME, SYNC, expand, make_users

NEXT = "4a4a4a4a4a4a"
APP = f"""app:
  name: shop
  versions:
    "1.0": {{}}
    "2.0": {{built_on: {RENAME}}}
"""


def mapping(forward, reverse=None, column="display_name text", extra=""):
    text = f"-- sluice: expand\nALTER TABLE users ADD COLUMN {column};\n{extra}\n" \
           f"-- sluice: sync users\n{forward};\n"
    return text + (f"-- sluice: sync users reverse\n{reverse};\n" if reverse else "")


def names(database, where="true"):
    return database.query(f"SELECT id, full_name, display_name FROM users WHERE {where} ORDER BY id")


def has_column(database, name="display_name"):
    return database.value("SELECT count(*) FROM information_schema.columns "
                          "WHERE table_name = 'users' AND column_name = %s", name) == 1


def test_inserts_of_old_new_and_both(project, database):
    make_users(database, 0)
    database.execute("ALTER TABLE users ALTER full_name DROP NOT NULL")
    project.settings(APP)
    project.revision(RENAME, SYNC)
    project.ok("upgrade")
    database.execute("INSERT INTO users (id, full_name) VALUES (1, 'old')")
    database.execute("INSERT INTO users (id, display_name) VALUES (2, 'new')")
    database.execute("INSERT INTO users (id, full_name, display_name) VALUES (3, 'a', 'b')")
    database.execute("INSERT INTO users (id, full_name) VALUES (1, 'again') "
                     "ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name")
    session = database.connect(application_name="shop/2.0")
    with session.cursor() as cursor:
        cursor.execute("INSERT INTO users (id, full_name) VALUES (4, 'a default')")
        cursor.execute("SET sluice.app = 'shop/1.0'")
        cursor.execute("INSERT INTO users (id, full_name) VALUES (5, 'old after all')")
    session.close()
    assert names(database) == [(1, "again", "again"), (2, "new", "new"), (3, "b", "b"),
                               (4, None, None), (5, "old after all", "old after all")]


def test_copy_and_a_session_that_replicates_fire_them(project, database):
    expand(project, database, rows=0)
    session = database.connect()
    with session.cursor() as cursor:
        cursor.copy_expert("COPY users (id, full_name) FROM STDIN", io.StringIO("1\tby copy\n"))
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("INSERT INTO users (id, full_name) VALUES (2, 'replicated')")
    session.close()
    assert names(database) == [(1, "by copy", "by copy"), (2, "replicated", "replicated")]


def test_an_unrelated_update_recomputes_nothing(project, database):
    make_users(database, 2)
    project.revision(RENAME, mapping("SELECT lower(full_name) AS display_name",
                                     "SELECT upper(display_name) AS full_name"))
    project.ok("upgrade", "--backfill")
    database.execute("UPDATE users SET display_name = 'Mixed Case' WHERE id = 1")
    database.execute("UPDATE users SET note = 'n' WHERE id = 1")
    assert names(database, "id = 1") == [(1, "MIXED CASE", "Mixed Case")]
    database.execute("UPDATE users SET full_name = 'Old Again' WHERE id = 1")
    assert names(database, "id = 1") == [(1, "Old Again", "old again")]


def test_an_app_role_needs_no_right_on_our_schema(project, database):
    expand(project, database, rows=1)
    database.execute("REVOKE ALL ON SCHEMA sluice FROM PUBLIC")
    database.execute("CREATE ROLE app_of_sync")
    database.execute("GRANT ALL ON users TO app_of_sync")
    session = database.connect()
    with session.cursor() as cursor:
        cursor.execute("SET ROLE app_of_sync")
        cursor.execute("SET search_path = pg_temp")
        cursor.execute("UPDATE public.users SET full_name = 'x' WHERE id = 1")
        cursor.execute("INSERT INTO public.users (id, display_name) VALUES (2, 'y')")
    session.close()
    assert names(database) == [(1, "x", "x"), (2, "y", "y")]
    database.execute("DROP OWNED BY app_of_sync")
    database.execute("DROP ROLE app_of_sync")


def test_two_revisions_in_flight_make_a_chain(project, database):
    expand(project, database, rows=1)
    project.revision(NEXT, "-- sluice: expand\nALTER TABLE users ADD COLUMN nick text;\n"
                     "-- sluice: sync users\nSELECT display_name AS nick;\n"
                     "-- sluice: downgrade\nALTER TABLE users DROP COLUMN nick;\n", revises=RENAME)
    project.ok("upgrade")
    row = "SELECT full_name, display_name, nick FROM users WHERE id = 1"
    for column, value in (("nick", "c"), ("full_name", "a"), ("display_name", "b")):
        database.execute(f"UPDATE users SET {column} = %s WHERE id = 1", value)
        assert database.query(row) == [(value,) * 3], column
    project.ok("downgrade", RENAME)
    database.execute("UPDATE users SET full_name = 'only two' WHERE id = 1")
    assert database.query("SELECT full_name, display_name FROM users") == [("only two",) * 2]
    project.ok("downgrade", "base")
    assert database.value("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zzzz_sluice%'") == 0
    assert database.value("SELECT count(*) FROM pg_proc p JOIN pg_namespace n "
                          "ON n.oid = pronamespace WHERE nspname = 'sluice'") == 0


def partition_users(database):
    database.execute("CREATE TABLE users (id int, full_name text, note text, region int) "
                     "PARTITION BY LIST (region)")
    for region in (1, 2):
        database.execute(f"CREATE TABLE users_{region} PARTITION OF users FOR VALUES IN ({region})")


def test_rows_that_move_between_partitions_keep_both(project, database):
    partition_users(database)
    database.execute("INSERT INTO users VALUES (1, 'Unfilled', '', 1), (2, 'Two', '', 1)")
    project.revision(RENAME, mapping("SELECT lower(full_name) AS display_name",
                                     "SELECT upper(display_name) AS full_name"))
    project.ok("upgrade")
    assert database.query("SELECT DISTINCT tgname, tgenabled FROM pg_trigger t "
                          "JOIN pg_class c ON c.oid = tgrelid WHERE relname IN ('users_1', 'users_2')"
                          " ORDER BY 1") == [("zzzz_sluice_insert", "A"), ("zzzz_sluice_update", "A")]
    database.execute("UPDATE users SET display_name = 'Two Mixed' WHERE id = 2")
    database.execute("UPDATE users SET region = 2")
    assert names(database) == [(1, "Unfilled", "unfilled"), (2, "TWO MIXED", "Two Mixed")]
    database.execute("CREATE TABLE users_3 PARTITION OF users FOR VALUES IN (3)")
    database.execute("INSERT INTO users (id, full_name, region) VALUES (3, 'Three', 3)")
    assert names(database, "id = 3") == [(3, "Three", "three")]


def test_a_null_in_parity_moves_between_partitions(project, database):
    """Forward gives NULL for an old value that is not NULL: a move by the new app keeps that value."""
    project.settings(f'app:\n  name: shop\n  versions:\n    "2.0": {{built_on: {RENAME}}}\n')
    partition_users(database)
    database.execute("INSERT INTO users VALUES (1, '', '', 1)")
    project.revision(RENAME, mapping("SELECT nullif(full_name, '') AS display_name",
                                     "SELECT display_name AS full_name"))
    project.ok("upgrade")
    new_app = database.connect(application_name="shop/2.0")
    new_app.cursor().execute("UPDATE users SET region = 2")
    new_app.cursor().execute("INSERT INTO users (id, region) VALUES (2, 1)")
    assert names(database) == [(1, "", None), (2, None, None)]


def constraint(database):
    return database.query("SELECT conname, convalidated FROM pg_constraint "
                          "WHERE conrelid = 'users'::regclass AND contype = 'c'")


def test_not_null_goes_from_a_check_to_the_column(project, database):
    expand(project, database, rows=10, body=SYNC + "\n-- sluice: contract\n"
           "ALTER TABLE users DROP COLUMN full_name;\n")
    assert constraint(database) == [("sluice_3f2a9c1b7d20_display_name_not_null", False)]
    project.ok("backfill", "run")
    assert constraint(database) == [("sluice_3f2a9c1b7d20_display_name_not_null", True)]


@pytest.mark.parametrize("forward, made", [
    ("lower(full_name) || '!'", True), ("full_name::text", True),
    ("lower(note)", False), ("nullif(full_name, '')", False)])
def test_not_null_follows_from_the_expression(forward, made, project, database):
    make_users(database, 3)
    project.revision(RENAME, mapping(f"SELECT {forward} AS display_name",
                                     "SELECT display_name AS full_name"))
    project.ok("upgrade")
    assert len(constraint(database)) == (1 if made else 0)


def test_a_promise_of_not_null_makes_the_check(project, database):
    make_users(database, 3)
    project.revision(RENAME, mapping("-- sluice: not null\nSELECT coalesce(note, 'none') AS display_name",
                                     "SELECT display_name AS note"))
    project.ok("upgrade")
    assert constraint(database) == [("sluice_3f2a9c1b7d20_display_name_not_null", False)]


REFUSED = {
    "unknown column": (mapping("SELECT ful_name AS display_name"),
                       'no column "ful_name"', 'Did you mean "full_name"?'),
    "unknown old column": (mapping("SELECT full_name AS display_name",
                                   "SELECT display_name AS fullname"),
                           'no column "fullname"', "full_name"),
    "generated source": (mapping("SELECT shout AS display_name",
                                 "SELECT display_name AS full_name"),
                         "is generated", "expression that generates it"),
    "unqualified function": (mapping("SELECT trimmed(full_name) AS display_name",
                                     "SELECT display_name AS full_name"),
                             "trimmed", "schema"),
    "type does not fit": (mapping("SELECT full_name AS display_name",
                                  "SELECT display_name AS full_name", "display_name int"),
                          "is of type integer but expression is of type text", ""),
    "lost null": (mapping("SELECT note AS display_name",
                          "SELECT coalesce(display_name, '') AS note")
                  + "-- sluice: backfill\nUPDATE users SET display_name = note "
                    "WHERE display_name IS NULL AND note IS NOT NULL;\n",
                  "come back as another value", "not null"),
    "existing not null": ("-- sluice: sync users\nSELECT full_name AS needed;\n",
                          "NOT NULL", "contract"),
    "existing default": ("-- sluice: sync users\nSELECT full_name AS preset;\n",
                         "default", "contract"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refused_with_the_place_and_nothing_changed(case, project, database):
    body, what, hint = REFUSED[case]
    make_users(database, 3)
    database.execute("ALTER TABLE users ADD needed text NOT NULL DEFAULT '', "
                     "ADD preset text DEFAULT 'x', "
                     "ADD shout text GENERATED ALWAYS AS (upper(full_name)) STORED")
    database.execute("ALTER TABLE users ALTER needed DROP DEFAULT")
    database.execute("CREATE FUNCTION trimmed(text) RETURNS text LANGUAGE sql "
                     "AS 'SELECT btrim($1)'")
    project.revision(RENAME, body)
    failed = project.run("upgrade")
    assert failed.returncode in (5, 8), failed
    assert what in failed.stderr and hint in failed.stderr, failed
    assert not has_column(database)
    assert database.value("SELECT count(*) FROM pg_trigger WHERE tgname LIKE 'zzzz%'") == 0


def test_a_trigger_that_sorts_later_is_refused(project, database):
    make_users(database, 1)
    database.execute("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS "
                     "$$ BEGIN RETURN NEW; END $$")
    database.execute("CREATE TRIGGER zzzz_z BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()")
    project.revision(RENAME, SYNC)
    failed = project.fails(8, "upgrade")
    assert "zzzz_z" in failed.stderr and "RENAME TO" in failed.stderr
    assert not has_column(database)


def test_a_view_is_refused(project, database):
    make_users(database, 1)
    database.execute("ALTER TABLE users RENAME TO people")
    database.execute("CREATE VIEW users AS SELECT * FROM people")
    project.revision(RENAME, "-- sluice: sync users\nSELECT full_name AS display_name;\n")
    failed = project.fails(8, "upgrade")
    assert "not a table" in failed.stderr
