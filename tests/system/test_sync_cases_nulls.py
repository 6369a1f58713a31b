"""Sync, case by case: NOT NULL and defaults on either side, from expand to contract."""
from sync_fixtures import apps, fails_with, revision  # noqa: F401

NOT_NULL_VIOLATION = "23502"


def test_not_null_on_the_old_side_holds_for_the_new_one(apps, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL)")
    database.execute("INSERT INTO t VALUES (1, 'a1'), (2, 'a2')")
    apps.expand(revision("t", "ADD b text", "a AS b", contract="DROP COLUMN a"))
    with fails_with(NOT_NULL_VIOLATION):
        apps.new("UPDATE t SET b = 'x' WHERE id = 1; UPDATE t SET b = NULL WHERE id = 1")
    with fails_with(NOT_NULL_VIOLATION):
        apps.new("INSERT INTO t (id) VALUES (3)")
    with fails_with(NOT_NULL_VIOLATION):
        apps.old("INSERT INTO t (id) VALUES (3)")
    apps.fill()
    apps.contract()
    with fails_with(NOT_NULL_VIOLATION):
        apps.new("UPDATE t SET b = NULL WHERE id = 2")
    assert database.query("SELECT * FROM t ORDER BY id") == [(1, "a1"), (2, "a2")]


def test_not_null_on_the_new_side_over_an_old_one_that_is_null(apps, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
    database.execute("INSERT INTO t VALUES (1, 'a1'), (2, NULL), (3, NULL)")
    apps.expand(revision("t", "ADD b text", "coalesce(a, 'none') AS b", "nullif(b, 'none') AS a",
                         contract="DROP COLUMN a", promise="-- sluice: not null\n"))
    apps.old("UPDATE t SET a = NULL WHERE id = 1")
    apps.new("UPDATE t SET b = 'new' WHERE id = 2")
    apps.old("INSERT INTO t VALUES (4, NULL)")
    apps.new("INSERT INTO t (id, b) VALUES (5, 'none')")
    apps.fill()
    assert database.query("SELECT * FROM t ORDER BY id") == [
        (1, None, "none"), (2, "new", "new"), (3, None, "none"), (4, None, "none"),
        (5, None, "none")]
    apps.contract()
    with fails_with(NOT_NULL_VIOLATION):
        apps.new("INSERT INTO t (id) VALUES (6)")


def test_null_on_both_sides_stays_what_each_wrote(apps, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text DEFAULT 'old default')")
    database.execute("INSERT INTO t VALUES (1, 'a1'), (2, NULL), (3, 'a3')")
    apps.expand(revision("t", "ADD b text", "a AS b", contract="DROP COLUMN a"))
    apps.fill()
    apps.old("UPDATE t SET a = NULL WHERE id = 1")
    apps.old("INSERT INTO t VALUES (4, NULL)")
    apps.new("UPDATE t SET b = NULL WHERE id = 3")
    apps.new("INSERT INTO t (id, b) VALUES (5, NULL)")
    apps.fill()
    assert database.query("SELECT * FROM t ORDER BY id") == [(i, None, None) for i in range(1, 6)]
    apps.contract()


def test_the_old_side_has_a_default(apps, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL DEFAULT 'preset')")
    database.execute("INSERT INTO t VALUES (1, 'a1')")
    apps.expand(revision("t", "ADD b text", "a AS b",
                         contract="ALTER b SET DEFAULT 'preset', DROP COLUMN a"))
    apps.old("INSERT INTO t (id) VALUES (2)")
    apps.new("INSERT INTO t (id, b) VALUES (3, 'new')")
    # The old column cannot be NULL: no app means that, and the default is what is meant.
    apps.new("INSERT INTO t (id) VALUES (4)")
    apps.fill()
    rows = [(1, "a1"), (2, "preset"), (3, "new"), (4, "preset")]
    assert database.query("SELECT id, a, b FROM t ORDER BY id") == [(i, v, v) for i, v in rows]
    apps.contract()
    apps.new("INSERT INTO t (id) VALUES (5)")
    assert database.query("SELECT * FROM t ORDER BY id") == [*rows, (5, "preset")]


def test_the_old_sides_default_is_an_identity_or_a_sequence(apps, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a serial, note text)")
    database.execute("INSERT INTO t (id) VALUES (1), (2)")
    apps.expand(revision("t", "ADD b bigint", "a::bigint AS b", "b::int AS a",
                         contract="DROP COLUMN a"))
    apps.old("INSERT INTO t (id) VALUES (3)")
    apps.new("INSERT INTO t (id, b) VALUES (4, 44)")
    apps.new("INSERT INTO t (id) VALUES (5)")
    apps.fill()
    assert database.query("SELECT id, a, b FROM t ORDER BY id") == \
        [(1, 1, 1), (2, 2, 2), (3, 3, 3), (4, 44, 44), (5, 5, 5)]
    apps.contract()


def test_a_default_of_the_new_side_comes_at_contract(apps, project, database):
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text)")
    database.execute("INSERT INTO t VALUES (1, 'a1')")
    path = project.revision("5c0000000001", revision("t", "ADD b text DEFAULT 'x'", "a AS b"))
    failed = project.run("upgrade")
    assert failed.returncode in (5, 8, 9) and "default" in failed.stderr
    assert "contract" in failed.stderr
    path.unlink()
    apps.expand(revision("t", "ADD b text", "a AS b",
                         contract="ALTER b SET DEFAULT 'x', DROP COLUMN a"))
    apps.old("INSERT INTO t VALUES (2)")
    apps.new("INSERT INTO t (id) VALUES (3)")
    apps.fill()
    apps.contract()
    apps.new("INSERT INTO t VALUES (4)")
    assert database.query("SELECT * FROM t ORDER BY id") == [(1, "a1"), (2, None), (3, None), (4, "x")]
