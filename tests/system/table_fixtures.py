"""Two versions of an app at work on two tables, for the tests of mappings between tables."""
from sync_fixtures import Apps

SPLIT = "5b0000000001"
# The columns street and city of users become a table of their own.
SPLIT_BODY = """-- sluice: expand
CREATE TABLE addresses (
    user_id bigint PRIMARY KEY REFERENCES users ON DELETE CASCADE,
    street text,
    city text,
    note text
);
-- sluice: sync users to addresses
-- sluice: key user_id
SELECT id AS user_id, street, city
WHERE street IS NOT NULL OR city IS NOT NULL;
-- sluice: sync addresses to users
-- sluice: key id
-- sluice: rows stay
SELECT user_id AS id, street, city;
-- sluice: contract
ALTER TABLE users DROP COLUMN street, DROP COLUMN city;
-- sluice: downgrade
DROP TABLE addresses;
"""


def make_users(database, rows=5):
    database.execute("CREATE TABLE users (id bigint PRIMARY KEY, name text, street text, city text)")
    database.execute("INSERT INTO users SELECT i, 'n' || i, 'street ' || i, 'city' "
                     "FROM generate_series(1, %s) i", rows)


def addresses(database):
    return database.query("SELECT user_id, street, city FROM addresses ORDER BY 1")


def users(database):
    return database.query("SELECT id, street, city FROM users ORDER BY 1")


__all__ = ["Apps", "SPLIT", "SPLIT_BODY", "addresses", "make_users", "users"]
