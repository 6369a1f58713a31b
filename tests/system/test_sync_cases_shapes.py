"""Sync, case by case: what a mapping may be, from expand through backfill to contract, while both
versions write."""
import pytest

from sync_fixtures import REVISION, apps, revision  # noqa: F401

NEXT = "5c0000000002"


def test_a_plain_rename(apps, database):
    database.execute("CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, n int)")
    database.execute("INSERT INTO users SELECT i, 'name ' || i, 0 FROM generate_series(1, 6) i")
    apps.expand(revision("users", "ADD display_name text", "full_name AS display_name",
                         contract="DROP COLUMN full_name"))
    apps.old("UPDATE users SET full_name = 'old 1' WHERE id = 1")
    apps.new("UPDATE users SET display_name = 'new 2' WHERE id = 2")
    apps.both("UPDATE users SET n = n + 1 WHERE id IN (2, 3)")
    apps.fill()
    apps.old("UPDATE users SET full_name = 'old 4' WHERE id = 4")
    apps.new("UPDATE users SET display_name = 'new 5' WHERE id = 5")
    apps.old("INSERT INTO users VALUES (7, 'old 7', 0)")
    apps.new("INSERT INTO users (id, display_name) VALUES (8, 'new 8')")
    apps.new("DELETE FROM users WHERE id = 6")
    names = [(1, "old 1"), (2, "new 2"), (3, "name 3"), (4, "old 4"), (5, "new 5"), (7, "old 7"),
             (8, "new 8")]
    assert apps.old("SELECT id, full_name FROM users ORDER BY id") == names
    assert apps.new("SELECT id, display_name FROM users ORDER BY id") == names
    apps.contract()
    assert apps.new("SELECT id, display_name FROM users ORDER BY id") == names
    assert database.value("SELECT attnotnull FROM pg_attribute WHERE attname = 'display_name' "
                          "AND attrelid = 'users'::regclass")


@pytest.mark.parametrize("kind, before, after", [
    ("citext", "bob", "Bob"),
    ('text COLLATE "blind"', "bob", "BOB"),
    ("numeric", "1.0", "1.00"),
    ("interval", "30 days", "1 mon"),
    ("char(8)", "a", "b"),
    ("json", '{"a": 1}', '{"a": 2}'),
    ("xml", "<a/>", "<b/>"),
    ("point", "(1,2)", "(1,3)"),
    ("jsonb", '{"a": 1.0}', '{"a": 1.00}'),
    ("text[]", "{a}", "{a,b}"),
])
def test_a_rename_follows_a_change_that_equality_does_not_see(kind, before, after, apps, database):
    """Both values are equal for some of these types, and some have no equality."""
    database.execute("CREATE EXTENSION citext")
    database.execute("CREATE COLLATION blind (provider = icu, locale = 'und-u-ks-level2', "
                     "deterministic = false)")
    database.execute(f"CREATE TABLE users (id int PRIMARY KEY, full_name {kind} NOT NULL)")
    database.execute("INSERT INTO users SELECT i, %s FROM generate_series(1, 5) i", before)
    apps.expand(revision("users", f"ADD display_name {kind}", "full_name AS display_name",
                         contract="DROP COLUMN full_name"))
    apps.old("UPDATE users SET full_name = %s WHERE id = 1", after)
    apps.fill()
    apps.old("UPDATE users SET full_name = %s WHERE id = 2", after)
    apps.new("UPDATE users SET display_name = %s WHERE id = 3", after)
    apps.new("UPDATE users SET display_name = display_name WHERE id = 4")
    apps.old("INSERT INTO users VALUES (6, %s)", after)
    apps.new("INSERT INTO users (id, display_name) VALUES (7, %s)", after)
    both = "SELECT id, full_name::text, display_name::text FROM users ORDER BY id"
    old, new = (database.value("SELECT x::text FROM (VALUES (%s::" + kind.split(" COLL")[0] + ")) v (x)",
                               value) for value in (before, after))
    expected = {1: new, 2: new, 3: new, 4: old, 5: old, 6: new, 7: new}
    assert database.query(both) == [(i, value, value) for i, value in expected.items()]
    apps.contract()


def test_a_chain_of_two_revisions_to_its_contracts(apps, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL)")
    database.execute("INSERT INTO t SELECT i, 'v' || i FROM generate_series(1, 4) i")
    apps.expand(revision("t", "ADD b text", "a AS b", contract="DROP COLUMN a"))
    apps.middle("UPDATE t SET b = 'b1' WHERE id = 1")
    apps.expand(revision("t", "ADD c text", "b AS c", contract="DROP COLUMN b"), NEXT, REVISION)
    apps.old("UPDATE t SET a = 'a2' WHERE id = 2")
    apps.new("UPDATE t SET c = 'c3' WHERE id = 3")
    apps.fill()
    apps.old("INSERT INTO t (id, a) VALUES (5, 'a')")
    apps.middle("INSERT INTO t (id, b) VALUES (6, 'b')")
    apps.new("INSERT INTO t (id, c) VALUES (7, 'c')")
    apps.old("UPDATE t SET a = 'a4' WHERE id = 4")
    values = [(1, "b1"), (2, "a2"), (3, "c3"), (4, "a4"), (5, "a"), (6, "b"), (7, "c")]
    assert database.query("SELECT * FROM t ORDER BY id") == [(i, v, v, v) for i, v in values]
    apps.contract(REVISION)
    apps.middle("UPDATE t SET b = 'b5' WHERE id = 5")
    apps.new("UPDATE t SET c = 'c6' WHERE id = 6")
    assert database.query("SELECT b, c FROM t WHERE id IN (5, 6) ORDER BY id") == \
        [("b5", "b5"), ("c6", "c6")]
    apps.contract(NEXT)
    apps.nothing_left()
    assert database.query("SELECT * FROM t ORDER BY id") == \
        [(1, "b1"), (2, "a2"), (3, "c3"), (4, "a4"), (5, "b5"), (6, "c6"), (7, "c")]


def test_a_chain_is_not_contracted_in_the_middle(apps, project, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL)")
    apps.expand(revision("t", "ADD b text", "a AS b", contract="DROP COLUMN a"))
    apps.expand(revision("t", "ADD c text", "b AS c", contract="DROP COLUMN b"), NEXT, REVISION)
    apps.fill()
    apps.close()
    project.ok("cutover", NEXT)
    refused = project.run("contract", NEXT)
    assert refused.returncode in (8, 9) and REVISION in refused.stderr, refused
    database.execute("INSERT INTO t VALUES (1, 'whole')")
    assert database.query("SELECT * FROM t") == [(1, "whole", "whole", "whole")]


def test_a_type_change_that_loses_something(apps, database):
    database.execute("CREATE TABLE prices (id int PRIMARY KEY, price numeric, n int DEFAULT 0)")
    database.execute("INSERT INTO prices SELECT i, i + 0.125, 0 FROM generate_series(1, 5) i")
    apps.expand(revision("prices", "ADD cents bigint", "(price * 100)::bigint AS cents",
                         "cents / 100.0 AS price", contract="DROP COLUMN price"))
    apps.old("UPDATE prices SET price = 7.777 WHERE id = 1")
    apps.new("UPDATE prices SET cents = 250 WHERE id = 2")
    apps.fill()
    apps.both("UPDATE prices SET n = n + 1")
    apps.old("UPDATE prices SET price = 8.888 WHERE id = 3")
    apps.new("UPDATE prices SET cents = 0 WHERE id = 4")
    # What the old app reads and writes back is no change.
    apps.old("UPDATE prices SET price = price, n = 9 WHERE id = 5")
    apps.old("INSERT INTO prices VALUES (6, 0.019)")
    apps.new("INSERT INTO prices (id, cents) VALUES (7, 2)")
    rows = database.query("SELECT id, price::float8, cents FROM prices ORDER BY id")
    assert rows == [(1, 7.777, 778), (2, 2.5, 250), (3, 8.888, 889), (4, 0, 0), (5, 5.125, 513),
                    (6, 0.019, 2), (7, 0.02, 2)]
    apps.contract()
    assert database.query("SELECT cents FROM prices ORDER BY id") == [(row[2],) for row in rows]


def test_json_becomes_jsonb(apps, database):
    """The old type has no equality, and the new one keeps neither spaces nor the order of keys."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a json)")
    database.execute("""INSERT INTO t SELECT i, '{"b":  1, "a": 2}' FROM generate_series(1, 4) i""")
    apps.expand(revision("t", "ADD b jsonb", "a::jsonb AS b", "b::json AS a",
                         contract="DROP COLUMN a"))
    apps.old("""UPDATE t SET a = '{"z":  1}' WHERE id = 1""")
    apps.fill()
    apps.old("""UPDATE t SET a = '[ 1 ]' WHERE id = 2""")
    apps.new("UPDATE t SET b = '[2]' WHERE id = 3")
    apps.new("INSERT INTO t (id, b) VALUES (5, NULL)")
    assert database.query("SELECT id, a::text, b::text FROM t ORDER BY id") == [
        (1, '{"z":  1}', '{"z": 1}'), (2, "[ 1 ]", "[1]"), (3, "[2]", "[2]"),
        (4, '{"b":  1, "a": 2}', '{"a": 2, "b": 1}'), (5, None, None)]
    apps.contract()


def test_one_column_to_two(apps, database):
    database.execute("CREATE TABLE people (id int PRIMARY KEY, full_name text NOT NULL)")
    database.execute("INSERT INTO people SELECT i, 'First' || i || ' Last' || i "
                     "FROM generate_series(1, 6) i")
    apps.expand(revision("people", "ADD first text, ADD last text",
                         "split_part(full_name, ' ', 1) AS first, "
                         "substr(full_name, length(split_part(full_name, ' ', 1)) + 2) AS last",
                         "concat_ws(' ', first, last) AS full_name",
                         contract="DROP COLUMN full_name"))
    # Half of a row that is not filled yet: the other half is what the old column says.
    apps.new("UPDATE people SET first = 'New1' WHERE id = 1")
    apps.new("UPDATE people SET last = 'New2' WHERE id = 2")
    apps.old("UPDATE people SET full_name = 'Old Three' WHERE id = 3")
    apps.new("UPDATE people SET first = 'A', last = 'B' WHERE id = 4")
    apps.fill()
    apps.new("UPDATE people SET last = 'New5' WHERE id = 5")
    apps.old("UPDATE people SET full_name = 'Old Six' WHERE id = 6")
    apps.old("INSERT INTO people VALUES (7, 'Old Seven')")
    apps.new("INSERT INTO people (id, first, last) VALUES (8, 'New', 'Eight')")
    assert database.query("SELECT * FROM people ORDER BY id") == [
        (1, "New1 Last1", "New1", "Last1"), (2, "First2 New2", "First2", "New2"),
        (3, "Old Three", "Old", "Three"), (4, "A B", "A", "B"), (5, "First5 New5", "First5", "New5"),
        (6, "Old Six", "Old", "Six"), (7, "Old Seven", "Old", "Seven"), (8, "New Eight", "New", "Eight")]
    apps.contract()


def test_pairs_that_share_no_column_stand_each_for_itself(apps, database):
    """Who writes one of them leaves the other alone, which would lose something on the way."""
    database.execute("CREATE TABLE goods (id int PRIMARY KEY, name text, price numeric)")
    database.execute("INSERT INTO goods SELECT i, 'n' || i, i + 0.125 FROM generate_series(1, 5) i")
    apps.expand(revision("goods", "ADD title text, ADD cents int",
                         "name AS title, (price * 100)::int AS cents",
                         "title AS name, cents / 100.0 AS price",
                         contract="DROP COLUMN name, DROP COLUMN price"))
    apps.new("UPDATE goods SET title = 'unfilled' WHERE id = 1")
    apps.new("UPDATE goods SET cents = 250 WHERE id = 2")
    apps.fill()
    apps.new("UPDATE goods SET title = 'filled' WHERE id = 3")
    apps.old("UPDATE goods SET name = 'old', price = 9.999 WHERE id = 4")
    apps.new("UPDATE goods SET cents = 50 WHERE id = 5")
    apps.old("UPDATE goods SET name = 'mixed' WHERE id = 5")
    assert database.query("SELECT id, name, title, price::float8, cents FROM goods ORDER BY id") == [
        (1, "unfilled", "unfilled", 1.125, 113), (2, "n2", "n2", 2.5, 250),
        (3, "filled", "filled", 3.125, 313), (4, "old", "old", 9.999, 1000),
        (5, "mixed", "mixed", 0.5, 50)]
    apps.contract()


def test_two_columns_to_one(apps, database):
    database.execute("CREATE TABLE people (id int PRIMARY KEY, first text NOT NULL, "
                     "last text NOT NULL)")
    database.execute("INSERT INTO people SELECT i, 'First' || i, 'Last' || i "
                     "FROM generate_series(1, 5) i")
    apps.expand(revision("people", "ADD full_name text", "first || ' ' || last AS full_name",
                         "split_part(full_name, ' ', 1) AS first, "
                         "substr(full_name, length(split_part(full_name, ' ', 1)) + 2) AS last",
                         contract="DROP COLUMN first, DROP COLUMN last"))
    apps.old("UPDATE people SET last = 'Old1' WHERE id = 1")
    apps.new("UPDATE people SET full_name = 'New Two' WHERE id = 2")
    apps.fill()
    apps.old("UPDATE people SET first = 'Old3' WHERE id = 3")
    apps.new("UPDATE people SET full_name = 'New Four' WHERE id = 4")
    # The old app knows of no space within a first name: its own split stays.
    apps.old("UPDATE people SET first = 'Anna Maria', last = 'X' WHERE id = 5")
    apps.old("INSERT INTO people VALUES (6, 'Old', 'Six')")
    apps.new("INSERT INTO people (id, full_name) VALUES (7, 'New Seven')")
    rows = [(1, "First1", "Old1", "First1 Old1"), (2, "New", "Two", "New Two"),
            (3, "Old3", "Last3", "Old3 Last3"), (4, "New", "Four", "New Four"),
            (5, "Anna Maria", "X", "Anna Maria X"), (6, "Old", "Six", "Old Six"),
            (7, "New", "Seven", "New Seven")]
    assert database.query("SELECT * FROM people ORDER BY id") == rows
    apps.contract()
    assert apps.new("SELECT full_name FROM people ORDER BY id") == [row[3:] for row in rows]


def test_several_mappings_on_one_table(apps, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, n int, flag text)")
    database.execute("INSERT INTO t SELECT i, 'a' || i, i, 'y' FROM generate_series(1, 4) i")
    apps.expand(revision("t", "ADD a2 text, ADD n2 bigint", "a AS a2, n::bigint AS n2",
                         "a2 AS a, n2::int AS n", contract="DROP COLUMN a, DROP COLUMN n"))
    apps.expand(revision("t", "ADD flag2 boolean", "flag = 'y' AS flag2",
                         "CASE WHEN flag2 THEN 'y' WHEN NOT flag2 THEN 'n' END AS flag",
                         contract="DROP COLUMN flag"), NEXT, REVISION)
    apps.old("UPDATE t SET n = 10, flag = 'n' WHERE id = 1")
    apps.new("UPDATE t SET a2 = 'new', flag2 = false WHERE id = 2")
    apps.new("UPDATE t SET flag2 = false WHERE id = 3")
    apps.middle("UPDATE t SET a2 = 'mixed', flag = 'n' WHERE id = 4")
    apps.fill()
    apps.old("INSERT INTO t VALUES (5, 'a5', 5, 'y')")
    apps.new("INSERT INTO t (id, a2, n2, flag2) VALUES (6, 'a6', NULL, true)")
    rows = [(1, "a1", 10, "n", "a1", 10, False), (2, "new", 2, "n", "new", 2, False),
            (3, "a3", 3, "n", "a3", 3, False), (4, "mixed", 4, "n", "mixed", 4, False),
            (5, "a5", 5, "y", "a5", 5, True), (6, "a6", None, "y", "a6", None, True)]
    assert database.query("SELECT * FROM t ORDER BY id") == rows
    apps.contract(REVISION)
    apps.contract(NEXT)
    apps.nothing_left()
    assert database.query("SELECT * FROM t ORDER BY id") == [(row[0], *row[4:]) for row in rows]


def test_a_generated_column_is_inlined_by_its_author(apps, project, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, net numeric, "
                     "gross numeric GENERATED ALWAYS AS (net * 2) STORED)")
    database.execute("INSERT INTO t SELECT i, i FROM generate_series(1, 3) i")
    refused = revision("t", "ADD total numeric", "gross AS total", "total / 2 AS net")
    path = project.revision(REVISION, refused)
    failed = project.fails(8, "upgrade")
    assert "is generated" in failed.stderr and "Write the expression that generates it" in failed.stderr
    path.unlink()
    apps.expand(revision("t", "ADD total numeric", "net * 2 AS total", "total / 2 AS net",
                         contract="DROP COLUMN gross"))
    apps.old("UPDATE t SET net = 10 WHERE id = 1")
    apps.new("UPDATE t SET total = 40 WHERE id = 2")
    apps.fill()
    assert [tuple(map(int, row)) for row in database.query("SELECT * FROM t ORDER BY id")] == \
        [(1, 10, 20, 20), (2, 20, 40, 40), (3, 3, 6, 6)]
    apps.contract()
    assert [tuple(map(int, row)) for row in database.query("SELECT * FROM t ORDER BY id")] == \
        [(1, 10, 20), (2, 20, 40), (3, 3, 6)]
