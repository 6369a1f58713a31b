"""Mappings between two tables: each kind of statement and of session, and each shape of a mapping."""
import io

import pytest

from sync_fixtures import apps, fails_with  # noqa: F401 pylint: disable=unused-import
from table_fixtures import SPLIT, SPLIT_BODY, addresses, make_users, users

SEVERAL = "5b0000000002"
# 1:N becomes N:M.
AUTHORS = """-- sluice: expand
CREATE TABLE post_authors (
    post_id int REFERENCES posts ON DELETE CASCADE,
    author_id int,
    PRIMARY KEY (post_id, author_id)
);
-- sluice: sync posts to post_authors
-- sluice: key post_id, author_id
SELECT id AS post_id, author_id;
-- sluice: sync post_authors to posts
-- sluice: key id
-- sluice: rows stay
SELECT post_id AS id, min(author_id) AS author_id GROUP BY post_id;
-- sluice: contract
ALTER TABLE posts DROP COLUMN author_id;
-- sluice: downgrade
DROP TABLE post_authors;
"""
# A column moves into a table that is there, and several of whose rows belong to one.
CURRENCY = """-- sluice: expand
ALTER TABLE orders ADD COLUMN currency text;
-- sluice: sync accounts to orders
-- sluice: key account_id
-- sluice: rows stay
SELECT id AS account_id, currency;
-- sluice: sync orders to accounts
-- sluice: key id
-- sluice: rows stay
SELECT account_id AS id, max(currency) AS currency GROUP BY account_id;
-- sluice: contract
ALTER TABLE accounts DROP COLUMN currency;
-- sluice: downgrade
ALTER TABLE orders DROP COLUMN currency;
"""


@pytest.fixture
def split(apps, database):  # noqa: F811
    make_users(database, 3)
    apps.expand(SPLIT_BODY, revision=SPLIT)
    return apps


def in_parity(database):
    return database.value(
        "SELECT count(*) FROM users u FULL JOIN addresses a ON a.user_id = u.id "
        "WHERE (u.street, u.city) IS DISTINCT FROM (a.street, a.city)") == 0


def test_statements_that_write_many_rows(split, database, project):
    split.fill()
    session = database.connect()
    with session.cursor() as cursor:
        cursor.copy_expert("COPY users (id, street) FROM STDIN", io.StringIO("10\ta\n11\tb\n"))
    session.close()
    split.old("INSERT INTO users (id, street) VALUES (10, 'again'), (12, 'c') ON CONFLICT (id) "
              "DO UPDATE SET street = excluded.street")
    split.old("MERGE INTO users u USING (VALUES (11, 'merged'), (13, 'd')) v (id, street) "
              "ON u.id = v.id WHEN MATCHED THEN UPDATE SET street = v.street "
              "WHEN NOT MATCHED THEN INSERT (id, street) VALUES (v.id, v.street)")
    assert in_parity(database)
    assert addresses(database)[3:] == [(10, "again", None), (11, "merged", None), (12, "c", None),
                                       (13, "d", None)]
    project.ok("backfill", "verify", SPLIT)


def test_a_key_that_changes_takes_the_rest_of_its_row_along(split, database):
    split.fill()
    database.execute("UPDATE addresses SET note = 'kept' WHERE user_id = 1")
    split.old("UPDATE users SET id = 100 WHERE id = 1")
    assert database.query("SELECT street, note FROM addresses WHERE user_id = 100") == [
        ("street 1", "kept")]
    split.old("UPDATE users SET id = id + 1000")
    assert in_parity(database) and len(addresses(database)) == 3


def test_an_app_that_writes_both_lives_through_everything(split, database, project):
    def write(number):
        session = database.connect(autocommit=False)
        with session.cursor() as cursor:
            statements = [
                f"UPDATE users SET street = 's{number}' WHERE id = 1",
                f"INSERT INTO addresses VALUES (1, 's{number}', 'city') ON CONFLICT (user_id) "
                f"DO UPDATE SET street = excluded.street"]
            for statement in statements if number % 2 else reversed(statements):
                cursor.execute(statement)
        session.commit()
        session.close()
        assert in_parity(database) if number > 2 else True

    write(1)
    write(2)
    split.fill()
    write(3)
    write(4)
    project.ok("cutover", SPLIT)
    write(5)
    write(6)
    project.ok("cutover", "--undo", SPLIT)
    write(7)
    assert addresses(database)[0] == (1, "s7", "city")


def test_what_disagrees_is_refused_when_the_transaction_ends(split, database):
    split.fill()
    for statement in ("INSERT INTO addresses VALUES (99, 'x', 'y')",
                      "DELETE FROM addresses WHERE user_id = 1",
                      "UPDATE addresses SET user_id = 99 WHERE user_id = 1"):
        with fails_with("55000" if "99" not in statement else "23503"):
            split.new(statement)
    database.execute("INSERT INTO users (id) VALUES (99)")
    with fails_with("55000"):
        split.new("INSERT INTO addresses VALUES (99, 'x', 'y')")
    split.new("UPDATE addresses SET note = 'mine'")
    split.new("UPDATE addresses SET street = 'street 1' WHERE user_id = 1")
    assert in_parity(database)


def test_truncate_and_replicas(split, database):
    split.fill()
    with fails_with("55000"):
        split.old("TRUNCATE users CASCADE; INSERT INTO users (id, street) VALUES (1, 'x'); "
                  "TRUNCATE addresses")
    session = database.connect()
    with session.cursor() as cursor:
        cursor.execute("SET session_replication_role = replica")
        cursor.execute("INSERT INTO users (id, street) VALUES (7, 'replicated')")
    session.close()
    assert in_parity(database)
    split.old("TRUNCATE users, addresses")
    assert users(database) == []


def test_roles_without_rights_and_row_security(apps, database, project):  # noqa: F811
    make_users(database, 1)
    database.execute("CREATE ROLE app_of_tables")
    database.execute("ALTER TABLE users ENABLE ROW LEVEL SECURITY")
    database.execute("CREATE POLICY own ON users USING (true)")
    apps.expand(SPLIT_BODY, revision=SPLIT)
    database.execute("GRANT ALL ON users TO app_of_tables")
    session = database.connect()
    with session.cursor() as cursor:
        cursor.execute("SET ROLE app_of_tables")
        cursor.execute("SET search_path = pg_temp")
        cursor.execute("UPDATE public.users SET street = 'x' WHERE id = 1")
        cursor.execute("INSERT INTO public.users (id, street) VALUES (2, 'y')")
    session.close()
    assert addresses(database) == [(1, "x", "city"), (2, "y", None)]
    project.ok("downgrade", "base")
    apps.nothing_left()
    database.execute("DROP OWNED BY app_of_tables")
    database.execute("DROP ROLE app_of_tables")


def test_an_app_trigger_that_writes_the_row_again(split, database):
    database.execute("CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "IF pg_trigger_depth() = 1 THEN UPDATE users SET street = upper(street); "
                     "END IF; RETURN NULL; END $$")
    database.execute("CREATE TRIGGER \"0\" AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION loud()")
    split.old("UPDATE users SET street = 'many ' || id")
    assert addresses(database) == [(i, f"MANY {i}", "city") for i in (1, 2, 3)]


def test_a_partitioned_table_whose_rows_move(apps, database, project):  # noqa: F811
    database.execute("CREATE TABLE users (id bigint, region int, street text, city text, "
                     "PRIMARY KEY (id, region)) PARTITION BY LIST (region)")
    for region in (1, 2):
        database.execute(f"CREATE TABLE users_{region} PARTITION OF users FOR VALUES IN ({region})")
    database.execute("INSERT INTO users SELECT i, 1 + i % 2, 's' || i, 'c' FROM generate_series(1, 50) i")
    body = SPLIT_BODY.replace("user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE",
                              "user_id bigint, region int").replace(
        "note text", "note text, PRIMARY KEY (user_id, region)").replace(
        "key user_id", "key user_id, region").replace("key id", "key id, region").replace(
        "AS user_id,", "AS user_id, region,").replace("AS id,", "AS id, region,")
    apps.expand(body, revision=SPLIT)
    apps.old("UPDATE users SET region = 2 WHERE id = 2")
    apps.fill()
    apps.old("UPDATE users SET region = 3 - region, street = 'moved' WHERE id < 10")
    apps.old("DELETE FROM users WHERE id = 50")
    assert database.value("SELECT count(*) FROM users u FULL JOIN addresses a "
                          "ON (a.user_id, a.region) = (u.id, u.region) "
                          "WHERE (u.street, u.city) IS DISTINCT FROM (a.street, a.city)") == 0
    project.ok("cutover", SPLIT)
    apps.new("UPDATE addresses SET street = 'new' WHERE user_id = 3")
    assert database.value("SELECT street FROM users WHERE id = 3") == "new"
    apps.contract(SPLIT)


def test_one_to_many_becomes_many_to_many(apps, database, project):  # noqa: F811
    database.execute("CREATE TABLE posts (id int PRIMARY KEY, author_id int)")
    database.execute("INSERT INTO posts VALUES (1, 10), (2, NULL), (3, 30)")
    apps.expand(AUTHORS, revision=SEVERAL)
    apps.fill()
    apps.old("UPDATE posts SET author_id = 11 WHERE id = 1")
    apps.old("UPDATE posts SET author_id = NULL WHERE id = 3")
    apps.old("DELETE FROM posts WHERE id = 3")
    rows = "SELECT post_id, author_id FROM post_authors ORDER BY 1, 2"
    assert database.query(rows) == [(1, 11)]
    project.ok("cutover", SEVERAL)
    apps.new("INSERT INTO post_authors VALUES (1, 5), (1, 12), (2, 7)")
    assert database.query("SELECT id, author_id FROM posts ORDER BY 1") == [(1, 5), (2, 7)]
    apps.new("DELETE FROM post_authors WHERE author_id IN (5, 7)")
    assert database.query("SELECT id, author_id FROM posts ORDER BY 1") == [(1, 11), (2, None)]
    project.ok("backfill", "verify", SEVERAL)
    apps.contract(SEVERAL)


def test_a_column_moves_into_a_table_that_is_there(apps, database, project):  # noqa: F811
    database.execute("CREATE TABLE accounts (id int PRIMARY KEY, currency text)")
    database.execute("CREATE TABLE orders (id int PRIMARY KEY, account_id int, note text)")
    database.execute("CREATE INDEX ON orders (account_id)")
    database.execute("INSERT INTO accounts SELECT i, 'EUR' FROM generate_series(1, 20) i")
    database.execute("INSERT INTO orders SELECT i, 1 + i % 20, '' FROM generate_series(1, 200) i")
    apps.expand(CURRENCY, revision=SEVERAL)
    apps.old("UPDATE accounts SET currency = 'USD' WHERE id = 2")
    apps.old("INSERT INTO orders (id, account_id) VALUES (1000, 2)")
    apps.fill()
    apps.old("UPDATE orders SET account_id = 3 WHERE id = 1000")
    assert database.query("SELECT currency, count(*) FROM orders GROUP BY 1 ORDER BY 1") == [
        ("EUR", 191), ("USD", 10)]
    with fails_with("55000"):
        apps.new("UPDATE orders SET currency = 'CHF' WHERE id = 1000")
    project.ok("cutover", SEVERAL)
    apps.new("UPDATE orders SET currency = 'USD' WHERE account_id = 3")
    assert database.value("SELECT currency FROM accounts WHERE id = 3") == "USD"
    project.ok("cutover", "--undo", SEVERAL)
    project.ok("backfill", "verify", SEVERAL)
    project.ok("downgrade", "base")
    apps.nothing_left()


LINES = """-- sluice: expand
ALTER TABLE addresses ADD COLUMN line text;
-- sluice: sync addresses
SELECT street AS line;
-- sluice: contract
ALTER TABLE addresses DROP COLUMN street;
-- sluice: downgrade
ALTER TABLE addresses DROP COLUMN line;
"""


def test_a_chain_of_two_tables_and_a_rename_in_the_second(split, database, project):
    """users.street moves to addresses.street, and that is renamed while both tables are kept equal."""
    split.fill()
    split.expand(LINES, revision=SEVERAL, revises=SPLIT)
    split.old("UPDATE users SET street = 'old' WHERE id = 1")
    split.old("INSERT INTO users VALUES (4, 'n', 'four', NULL)")
    with fails_with("55000"):
        split.new("UPDATE addresses SET line = 'alone' WHERE user_id = 2")
    split.middle("UPDATE users SET street = 'two' WHERE id = 2; UPDATE addresses SET street = 'two' WHERE user_id = 2")
    split.new("INSERT INTO users VALUES (5, 'n', 'five', 'c'); INSERT INTO addresses (user_id, line, city) "
              "VALUES (5, 'five', 'c') ON CONFLICT (user_id) DO UPDATE SET line = excluded.line")
    split.fill()
    rows = "SELECT a.user_id, u.street, a.street, a.line FROM users u JOIN addresses a ON a.user_id = u.id ORDER BY 1"
    assert database.query(rows) == [(1, *("old",) * 3), (2, *("two",) * 3), (3, *("street 3",) * 3),
                                    (4, *("four",) * 3), (5, *("five",) * 3)]
    project.ok("cutover", SPLIT)
    split.new("UPDATE addresses SET line = 'new' WHERE user_id = 1")
    split.middle("UPDATE addresses SET street = 'middle' WHERE user_id = 2")
    split.new("DELETE FROM addresses WHERE user_id = 3; INSERT INTO addresses (user_id, line) VALUES (3, 'again')")
    assert database.query(rows)[:3] == [(1, *("new",) * 3), (2, *("middle",) * 3), (3, *("again",) * 3)]
    project.ok("cutover", SEVERAL)
    split.old_leaves()
    refused = project.fails(8, "contract", SEVERAL)
    assert f"drops addresses.street, which the mapping of revision {SPLIT} between users and addresses still needs" \
        in refused.stderr
    split.contract(SPLIT)
    split.new("UPDATE addresses SET line = 'last' WHERE user_id = 1")
    project.ok("contract", SEVERAL)
    assert database.query("SELECT user_id, line FROM addresses ORDER BY 1") == [
        (1, "last"), (2, "middle"), (3, "again"), (4, "four"), (5, "five")]
    split.nothing_left()


def test_a_column_moves_by_its_recipe(apps, database, project):  # noqa: F811
    """One row of the other table for each, which has more in it than what moves."""
    make_users(database, 100)
    database.execute("CREATE TABLE profiles (user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE, about text)")
    database.execute("INSERT INTO profiles SELECT id, 'about ' || id FROM users")
    project.settings("gate: {quiet: 0s}\n")
    project.ok("revision", "--move-column", "users.street,city:profiles", "--rev-id", SEVERAL)
    project.ok("upgrade")
    apps.old("UPDATE users SET street = 'old' WHERE id = 1")
    apps.old("INSERT INTO users VALUES (101, 'n', 'early', 'c'); INSERT INTO profiles VALUES (101, 'me')")
    apps.old("UPDATE users SET city = NULL, street = NULL WHERE id = 2")
    apps.old("DELETE FROM users WHERE id = 3")
    apps.fill()
    with fails_with("55000"):
        apps.new("UPDATE profiles SET street = 'alone' WHERE user_id = 4")
    apps.new("UPDATE profiles SET about = 'new' WHERE user_id = 4")
    apps.new("UPDATE profiles SET street = 'both' WHERE user_id = 5; UPDATE users SET street = 'both' WHERE id = 5")
    rows = "SELECT user_id, street, city, about FROM profiles WHERE user_id IN (1, 2, 3, 5, 101) ORDER BY 1"
    assert database.query(rows) == [(1, "old", "city", "about 1"), (2, None, None, "about 2"),
                                    (5, "both", "city", "about 5"), (101, "early", "c", "me")]
    project.ok("cutover", SEVERAL)
    apps.new("UPDATE profiles SET street = 'new' WHERE user_id = 6")
    apps.new("DELETE FROM profiles WHERE user_id = 7")
    with fails_with("55000"):
        apps.old("UPDATE users SET street = 'alone' WHERE id = 8")
    project.ok("cutover", "--undo", SEVERAL)
    assert database.query("SELECT id, street FROM users WHERE id IN (6, 7) ORDER BY 1") == [(6, "new"), (7, None)]
    project.ok("cutover", SEVERAL)
    apps.contract(SEVERAL)
    assert database.value("SELECT count(*) FROM profiles WHERE street IS NOT NULL") == 98


@pytest.mark.parametrize("change, said", [
    (("-- sluice: key user_id\n", ""), ":12:1: 'sync users to addresses' does not say which columns"),
    (("-- sluice: key user_id", "-- sluice: key nobody"), ":13:1: the mapping does not set 'nobody'"),
    (("-- sluice: sync addresses to users\n-- sluice: key id\n-- sluice: rows stay\n"
      "SELECT user_id AS id, street, city;\n", ""), "has no way back"),
    (("SELECT id AS user_id, street, city\nWHERE", "SELECT id AS user_id, strett AS street, city\n"
      "WHERE"), "users has no column \"strett\""),
    (("SELECT id AS user_id, street", "SELECT length(street) AS user_id, street"),
     "several rows of"),
    (("note text", "note text NOT NULL"), "is NOT NULL without a default"),
    (("user_id bigint PRIMARY KEY", "user_id bigint"), "ON CONFLICT"),
], ids=["key", "key not set", "way back", "column", "source key", "not null", "target key"])
def test_what_is_refused_changes_nothing(project, database, change, said):
    make_users(database, 1)
    assert change[0] in SPLIT_BODY
    project.revision(SPLIT, SPLIT_BODY.replace(*change))
    result = project.run("upgrade")
    assert result.returncode in (3, 5, 8), result
    assert said in result.stderr, result.stderr
    assert database.value("SELECT count(*) FROM pg_trigger WHERE tgname LIKE '0_sluice%'") == 0


def test_status_names_the_canonical_side_and_what_is_broken(split, database, project):
    assert 'public.users is canonical' in project.ok("status").stdout.replace('"', "")
    split.fill()
    project.ok("cutover", SPLIT)
    database.execute(f'ALTER TABLE addresses DISABLE TRIGGER "0_sluice_{SPLIT}_to_users_update"')
    told = project.ok("status").stdout.replace('"', "")
    assert "public.addresses is canonical, public.users follows" in told
    assert f"trigger 0_sluice_{SPLIT}_to_users_update of public.addresses is not enabled" in told
