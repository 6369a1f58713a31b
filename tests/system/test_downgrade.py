"""sluice downgrade: what it takes along, what it refuses."""
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
