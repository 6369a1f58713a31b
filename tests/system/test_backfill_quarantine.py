"""A row that the server refuses is named and left out, the rest goes on; nothing that needs all rows
goes on until it was mended or skipped."""
import pytest

from backfill_fixtures import RENAME, SMALL, SYNC, count_updates, make_users, status, unfilled
from conftest import wait_until

INT = SYNC.replace("display_name text", "display_name int").replace(
    "SELECT full_name AS display_name;",
    "SELECT full_name::int AS display_name;\n-- sluice: sync users reverse\n"
    "SELECT display_name::text AS full_name;")


def begin(project, database, bad, rows=3000, body=INT, settings=SMALL):
    """Users whose name is their number, but for those of the ids `bad`; expanded."""
    make_users(database, rows)
    # Else a validated NOT NULL would follow from it, which a skipped row cannot satisfy.
    database.execute("ALTER TABLE users ALTER COLUMN full_name DROP NOT NULL")
    database.execute("UPDATE users SET full_name = id::text")
    database.execute("UPDATE users SET full_name = 'no number ' || id WHERE id = ANY (%s)",
                     list(bad))
    project.settings(settings)
    project.revision(RENAME, body)
    project.ok("upgrade")


def quarantine(project):
    return [(row["key"], row["sqlstate"], row["skipped"]) for row in status(project)["quarantine"]]


def test_the_rest_is_filled_each_row_once(project, database):
    begin(project, database, [17, 18, 1717, 3000])
    count_updates(database)
    failed = project.fails(5, "backfill", "run", "--workers", "2")
    assert "4 rows" in failed.stderr and "no number 17" in failed.stderr
    assert "backfill retry" in failed.stderr and "backfill skip" in failed.stderr
    assert status(project)["state"] == "quarantined"
    assert quarantine(project) == [("id = " + key, "22P02", False)
                                   for key in ("17", "1717", "18", "3000")]
    assert database.query("SELECT count(*), count(DISTINCT id) FROM hits") == [(2996, 2996)]
    assert database.value("SELECT rows FROM sluice.backfill") == 2996
    assert database.value("SELECT state FROM sluice.revision") == "expanded"
    listed = project.ok("backfill", "status").stdout
    assert "refused public.users, id = 1717" in listed


def test_nothing_goes_on_until_each_is_resolved(project, database):
    begin(project, database, [17, 1717])
    project.fails(5, "backfill", "run")
    again = project.fails(5, "backfill", "run")
    assert "2 rows" in again.stderr
    differ = project.fails(9, "backfill", "verify", "--format", "json")
    assert differ.json["verified"][0]["mismatches"] == 2
    database.execute("UPDATE users SET full_name = '17' WHERE id = 17")
    assert "1 rows" in project.fails(5, "backfill", "run").stderr
    assert quarantine(project) == [("id = 1717", "22P02", False)]
    assert project.fails(2, "backfill", "skip", RENAME, "--key", "id = 1717").returncode == 2
    project.fails(8, "backfill", "skip", RENAME, "--key", "id = 1", "--reason", "no")
    skipped = project.ok("backfill", "skip", RENAME, "--key", "id = 1717", "--reason", "a test row",
                         env={"SLUICE_ACTOR": "ada"})
    assert "0 rows wait" in skipped.stdout
    assert database.query("SELECT actor, text FROM sluice.event WHERE text LIKE '%%a test row'") == \
        [("ada", "row id = 1717 is left as it is: a test row")]
    project.ok("backfill", "run")
    assert status(project)["state"] == "done"
    assert quarantine(project) == [("id = 1717", "22P02", True)]
    assert unfilled(database) == 1
    project.ok("backfill", "verify")
    assert database.value("SELECT state FROM sluice.revision") == "backfilled"


def test_retry_after_the_function_was_mended(project, database):
    database.execute("CREATE FUNCTION number_of(t text) RETURNS int IMMUTABLE LANGUAGE plpgsql AS "
                     "$$ BEGIN IF t = '99' THEN RAISE 'ninety-nine'; END IF; "
                     "RETURN t::int; END $$")
    begin(project, database, [], body=INT.replace("full_name::int", "public.number_of(full_name)"))
    failed = project.fails(5, "backfill", "run")
    assert "ninety-nine" in failed.stderr
    assert quarantine(project) == [("id = 99", "P0001", False)]
    database.execute("CREATE OR REPLACE FUNCTION number_of(t text) RETURNS int IMMUTABLE "
                     "LANGUAGE sql AS $$ SELECT t::int $$")
    project.fails(5, "backfill", "run")
    project.ok("backfill", "retry")
    assert unfilled(database) == 0 and quarantine(project) == []
    assert "no backfill" in project.fails(8, "backfill", "retry").stderr


WRITTEN = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name int;
-- sluice: backfill
UPDATE users SET display_name = full_name::int
WHERE display_name IS NULL AND full_name::int IS NOT NULL;
"""


def test_a_where_that_fails_without_triggers(project, database):
    begin(project, database, [5, 2500], body=WRITTEN)
    project.fails(5, "backfill", "run", "--workers", "2")
    assert unfilled(database) == 2
    assert quarantine(project) == [("id = 2500", "22P02", False), ("id = 5", "22P02", False)]
    for key in ("id = 5", "id = 2500"):
        project.ok("backfill", "skip", RENAME, "--key", key, "--reason", "known")
    project.ok("backfill", "run")
    assert status(project)["state"] == "done" and status(project)["rows"] == 2998


def test_too_many_refused_rows_stop_it(project, database):
    begin(project, database, range(1, 3000, 10), settings=SMALL + "  max_quarantined: 20\n")
    failed = project.fails(8, "backfill", "run")
    assert "more than 20 rows" in failed.stderr and "statement that is wrong" in failed.stderr
    assert status(project)["state"] == "failed"
    assert len(quarantine(project)) == 21
    database.execute("UPDATE users SET full_name = '1' WHERE full_name LIKE 'no%%'")
    project.ok("backfill", "retry")
    assert unfilled(database) == 0


def test_a_row_without_a_key_is_named_by_its_place(project, database):
    begin(project, database, [17])
    database.execute("ALTER TABLE users DROP CONSTRAINT users_pkey")
    project.fails(5, "backfill", "run")
    (key, _, _), = quarantine(project)
    assert key.startswith("ctid = (")
    project.ok("backfill", "skip", RENAME, "--key", key, "--reason", "known")
    project.ok("backfill", "run")


def test_a_constraint_that_refuses_an_insert(project, database):
    make_users(database, 2000)
    project.settings(SMALL)
    project.revision(RENAME, """-- sluice: expand
CREATE TABLE profiles (id bigint PRIMARY KEY CHECK (id <> 444));
-- sluice: backfill
INSERT INTO profiles (id) SELECT id FROM users ON CONFLICT (id) DO NOTHING;
UPDATE users SET note = 'done' WHERE note IS DISTINCT FROM 'done';
""")
    project.ok("upgrade")
    failed = project.fails(5, "backfill", "run", "--workers", "2")
    assert "id = 444" in failed.stderr
    assert database.value("SELECT count(*) FROM profiles") == 1999
    assert database.value("SELECT count(*) FROM users WHERE note = 'done'") == 2000, \
        "the statements behind it go on"
    assert database.query("SELECT state FROM sluice.backfill ORDER BY ordinal") == \
        [("quarantined",), ("done",)]
    database.execute("DELETE FROM users WHERE id = 444")
    project.ok("backfill", "run")


def test_a_locked_key_of_an_insert_waits_alone(project, database):
    make_users(database, 2000)
    project.settings(SMALL)
    project.revision(RENAME, """-- sluice: expand
CREATE TABLE profiles (id bigint PRIMARY KEY);
-- sluice: backfill
INSERT INTO profiles (id) SELECT id FROM users ON CONFLICT (id) DO NOTHING;
""")
    project.ok("upgrade")
    app = database.connect(autocommit=False)
    with app.cursor() as cursor:
        cursor.execute("INSERT INTO profiles VALUES (700)")
    process = project.start("backfill", "run")
    wait_until(lambda: database.value("SELECT count(*) FROM profiles") == 1999,
               what="all but the locked key")
    assert process.poll() is None
    app.rollback()
    app.close()
    process.communicate(timeout=30)
    assert process.returncode == 0
    assert database.value("SELECT count(*) FROM profiles") == 2000


@pytest.mark.parametrize("sql, code", [
    ("ALTER TABLE users DROP COLUMN full_name", 5),
    ("ALTER TABLE users RENAME TO people", 8),
])
def test_an_error_of_the_statement_is_not_a_row_s(project, database, sql, code):
    begin(project, database, [], body=WRITTEN)
    database.execute(sql)
    assert project.run("backfill", "run").returncode == code
    assert database.value("SELECT count(*) FROM sluice.quarantine") == 0
