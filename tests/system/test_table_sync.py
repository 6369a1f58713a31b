"""Mappings between two tables: one side is canonical, the other one follows; cutover turns them round."""
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
    project.ok("cutover", "--undo", SPLIT)
    apps.old("UPDATE users SET street = 'old again' WHERE id = 1")
    assert addresses(database) == [(1, "old again", "city"), (3, "three", "c")]
    assert database.value("SELECT note FROM addresses WHERE user_id = 3") == "note"
    project.ok("cutover", SPLIT)
    apps.contract(SPLIT)
    assert database.value("SELECT count(*) FROM sluice.table_mapping") == 0
    apps.new("UPDATE addresses SET street = 'free' WHERE user_id = 1")
