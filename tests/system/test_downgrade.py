"""sluice downgrade: what it takes along, what it refuses."""
import pytest

from conftest import wait_until
from upgrade_fixtures import ADD, FIRST, RENAME, SECOND, Started, columns, states, triggers, users


def test_downgrade_takes_triggers_and_columns(users, database):
    before = database.query("SELECT proname FROM pg_proc WHERE oid >= 16384 ORDER BY 1")
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade")
    result = users.ok("downgrade", FIRST)
    assert f"downgraded {SECOND}" in result.stdout
    assert columns(database) == ["id", "full_name", "seen"]
    assert triggers(database) == []
    assert database.query("SELECT proname FROM pg_proc WHERE oid >= 16384 ORDER BY 1") == before
    assert states(database) == {FIRST: "expanded"}
    assert database.query("SELECT * FROM sluice.mapping") == []
    users.ok("upgrade")
    assert states(database)[SECOND] == "expanded"


def test_downgrade_to_base(users, database):
    users.revision(SECOND, ADD, revises=FIRST)
    users.ok("upgrade")
    result = users.json("downgrade", "base")
    assert result["downgraded"] == [SECOND, FIRST]
    assert columns(database) == []
    assert states(database) == {}


def test_downgrade_is_refused_once_cut_over(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade", "--backfill")
    for state, text in (("cut over", "cutover"), ("contracted", "forward")):
        database.execute("UPDATE sluice.revision SET state = %s WHERE id = %s", state, SECOND)
        result = users.fails(8, "downgrade", FIRST)
        assert state in result.stderr and text in result.stderr
    assert columns(database)[-1] == "display_name"


def test_downgrade_without_its_section_is_refused(users, database):
    users.revision(SECOND, "-- sluice: expand\nALTER TABLE users ADD COLUMN added int;\n",
                   revises=FIRST)
    users.ok("upgrade")
    result = users.fails(8, "downgrade", FIRST)
    assert "no section `downgrade`" in result.stderr
    assert columns(database)[-1] == "added"


def test_downgrade_shows_what_it_would_do(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade")
    result = users.ok("downgrade", FIRST, "--dry-run")
    assert "DROP TRIGGER" in result.stdout
    assert "ALTER TABLE users DROP COLUMN display_name" in result.stdout
    assert result.stdout.index("DROP TRIGGER") < result.stdout.index("DROP COLUMN")
    assert "ACCESS EXCLUSIVE on public.users" in result.stdout
    assert len(users.json("downgrade", FIRST, "--dry-run")["plan"]) == 2
    assert states(database)[SECOND] == "expanded"
    assert triggers(database) == ["zzzz_sluice_insert", "zzzz_sluice_update"]


PROVEN = """-- sluice: expand
ALTER TABLE users ALTER COLUMN full_name DROP NOT NULL;
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT nullif(full_name, '') AS display_name;
-- sluice: sync users reverse
SELECT display_name AS full_name;

-- sluice: downgrade
ALTER TABLE users ADD CONSTRAINT given CHECK (full_name IS NOT NULL) NOT VALID;
ALTER TABLE users ADD CONSTRAINT slow CHECK (slowly(id)) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT given;
ALTER TABLE users VALIDATE CONSTRAINT slow;
ALTER TABLE users ALTER COLUMN full_name SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT given, DROP CONSTRAINT slow;
ALTER TABLE users DROP COLUMN display_name;
"""
VALIDATING = "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND query ~ 'VALIDATE CONSTRAINT slow' AND pid <> pg_backend_pid()"


@pytest.fixture
def proven(users, database):
    """600 rows, which one VALIDATE of the way back reads for three seconds."""
    database.execute("CREATE FUNCTION slowly(int) RETURNS bool LANGUAGE sql AS 'SELECT pg_sleep($1 * 0.01) IS NOT NULL'")
    database.execute("TRUNCATE users; ALTER TABLE users DROP CONSTRAINT users_pkey")
    database.execute("INSERT INTO users SELECT i % 2, 'name ' || i, i FROM generate_series(1, 600) i")
    users.revision(SECOND, PROVEN, revises=FIRST)
    users.ok("upgrade", "--backfill")
    return users


def test_a_way_back_that_reads_the_table_stops_nobody(proven, database):
    back = Started(proven, "downgrade", FIRST)
    wait_until(lambda: database.value(VALIDATING), what="the VALIDATE")
    app = database.connect(options="-c lock_timeout=1s -c search_path=public")
    with app.cursor() as cursor:
        cursor.execute("UPDATE users SET full_name = 'meanwhile' WHERE seen = 2 RETURNING display_name")
        assert cursor.fetchall() == [("meanwhile",)], "the two are kept equal until it is proven that there is a way back"
        cursor.execute("SELECT count(*) FROM users WHERE full_name IS NULL")
    app.close()
    assert database.value(VALIDATING) == 1, "the app waited for the end of it"
    assert database.query("SELECT DISTINCT mode FROM pg_locks WHERE relation = 'users'::regclass") == [("ShareUpdateExclusiveLock",)]
    back.end()
    assert columns(database) == ["id", "full_name", "seen"]
    assert database.value("SELECT attnotnull FROM pg_attribute WHERE attrelid = 'users'::regclass AND attname = 'full_name'")
    assert triggers(database) == [] and states(database) == {FIRST: "expanded"}


def test_a_way_back_that_is_killed_while_it_reads(proven, database):
    back = Started(proven, "downgrade", FIRST)
    wait_until(lambda: database.value(VALIDATING), what="the VALIDATE")
    back.process.kill()
    back.process.wait(30)
    assert triggers(database) != [] and columns(database)[-1] == "display_name"
    database.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query ~ 'VALIDATE CONSTRAINT slow' AND pid <> pg_backend_pid()")
    database.execute("DELETE FROM users WHERE id = 1")
    proven.ok("downgrade", FIRST)
    assert columns(database) == ["id", "full_name", "seen"] and triggers(database) == []


def test_a_way_back_without_a_proof_leaves_the_triggers(proven, database):
    database.execute("DELETE FROM users WHERE id = 1")
    database.execute("UPDATE users SET full_name = NULL")
    refused = proven.fails(5, "downgrade", FIRST)
    assert "given" in refused.stderr and "Mend the rows that break it" in refused.stderr
    assert columns(database)[-1] == "display_name" and len(triggers(database)) == 2
    database.execute("UPDATE users SET full_name = 'found'")
    proven.ok("downgrade", FIRST)
    assert states(database) == {FIRST: "expanded"} and triggers(database) == []


def test_each_statement_alone_on_the_way_back_too(users):
    path = users.revision(SECOND, "-- sluice: expand\nCREATE TABLE notes (id int);\nCREATE TABLE tags (id int);\n"
                          "-- sluice: downgrade\nDROP TABLE tags;\nDROP TABLE notes;\n", revises=FIRST)
    for header, runs in (("", {1}), ("-- Transaction: statement\n", {1, 2})):
        path.write_text(header + path.read_text())
        users.ok("upgrade")
        assert {step["run"] for step in users.json("downgrade", FIRST, "--dry-run")["plan"]} == runs
        users.ok("downgrade", FIRST)


def test_downgrade_cancels_the_backfill(users, database):
    database.execute("INSERT INTO users SELECT i, 'name ' || i, 0 "
                     "FROM generate_series(1000, 400000) i")
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade")
    backfill = Started(users, "backfill", "run", SECOND)
    wait_until(lambda: database.value("SELECT coalesce(sum(rows), 0) FROM sluice.chunk") > 0,
               what="the first part of the backfill")
    users.ok("downgrade", FIRST)
    backfill.process.wait(30)
    assert backfill.process.returncode == 8, backfill.stderr
    assert columns(database) == ["id", "full_name", "seen"]
