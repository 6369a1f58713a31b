"""Mappings between two tables: one side is canonical, the other one follows; cutover turns them round."""
import subprocess

from sync_fixtures import apps, fails_with  # noqa: F401 pylint: disable=unused-import
from table_fixtures import SPLIT, SPLIT_BODY, addresses, make_users, users


def test_a_table_is_split_from_expand_to_contract(apps, database, project):
    make_users(database, 3)
    apps.expand(SPLIT_BODY, revision=SPLIT)
    assert addresses(database) == []
    apps.old("UPDATE users SET street = 'moved' WHERE id = 1")
    apps.old("INSERT INTO users VALUES (4, 'n4', 'four', NULL), (5, 'n5', NULL, NULL)")
    assert addresses(database) == [(1, "moved", "city"), (4, "four", None)]
    apps.fill()
    assert [row[0] for row in addresses(database)] == [1, 2, 3, 4]
    apps.old("DELETE FROM users WHERE id = 2")
    apps.old("UPDATE users SET street = NULL, city = NULL WHERE id = 3")
    assert addresses(database) == [(1, "moved", "city"), (4, "four", None)]
    with fails_with("55000"):
        apps.new("UPDATE addresses SET street = 'alone' WHERE user_id = 1")
    project.ok("cutover", SPLIT)
    apps.new("UPDATE addresses SET street = 'new' WHERE user_id = 1")
    apps.new("INSERT INTO addresses VALUES (3, 'three', 'c', 'note')")
    apps.new("DELETE FROM addresses WHERE user_id = 4")
    assert users(database) == [(1, "new", "city"), (3, "three", "c"), (4, None, None),
                               (5, None, None)]
    with fails_with("55000"):
        apps.old("UPDATE users SET street = 'alone' WHERE id = 1")
    project.ok("backfill", "verify", SPLIT)
    installed = project.ok("show", SPLIT, "--installed").stdout
    assert "-- triggers of addresses to users    (installed)" in installed
    assert "of users to addresses    (installed)" not in installed
    project.ok("cutover", "--undo", SPLIT)
    apps.old("UPDATE users SET street = 'old again' WHERE id = 1")
    assert addresses(database) == [(1, "old again", "city"), (3, "three", "c")]
    assert database.value("SELECT note FROM addresses WHERE user_id = 3") == "note"
    project.ok("cutover", SPLIT)
    assert "is cut over already" in project.ok("cutover", SPLIT).stderr
    apps.contract(SPLIT)
    assert "is contracted already" in project.ok("contract", SPLIT).stderr
    assert database.value("SELECT count(*) FROM sluice.table_mapping") == 0
    apps.new("UPDATE addresses SET street = 'free' WHERE user_id = 1")


def psql(database, script):
    subprocess.run(["psql", "-q", "-v", "ON_ERROR_STOP=1", database.url], input=script, text=True, check=True,
                   stdout=subprocess.DEVNULL)


def test_scripts_dumps_and_new_databases(database, project, server):
    """A database that psql brings there, one that was dumped on the way, and a new one."""
    project.revision("5b0000000000", "-- sluice: expand\nCREATE TABLE users (id bigint PRIMARY KEY, name text, "
                     "street text, city text);\n-- sluice: downgrade\nDROP TABLE users;\n")
    project.revision(SPLIT, SPLIT_BODY, revises="5b0000000000")
    psql(database, project.ok("upgrade", "--sql").stdout)
    database.execute(f'ALTER TABLE users DISABLE TRIGGER "0_sluice_{SPLIT}_to_addresses"')
    database.execute("INSERT INTO users SELECT i, 'n', 'street', 'city' FROM generate_series(1, 3) i")
    database.execute(f'ALTER TABLE users ENABLE ALWAYS TRIGGER "0_sluice_{SPLIT}_to_addresses"')
    script = project.ok("upgrade", "--sql", "--phases", "backfill").stdout
    assert "FOR SHARE" in script
    psql(database, script)
    assert [row[0] for row in addresses(database)] == [1, 2, 3]
    project.ok("backfill", "verify", SPLIT)
    dump = subprocess.run(["pg_dump", database.url], text=True, check=True, capture_output=True).stdout
    copy = server.create_database()
    try:
        psql(copy, dump)
        copy.execute("UPDATE users SET street = 'in the copy' WHERE id = 1")
        assert addresses(copy)[0] == (1, "in the copy", "city")
    finally:
        server.drop_database(copy)
    project.ok("downgrade", "base")
    project.ok("upgrade", "--fresh")
    assert [row["state"] for row in project.json("status", "--all")["revisions"]] == ["expanded", "contracted"]
