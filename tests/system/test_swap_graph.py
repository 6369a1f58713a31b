"""An int key becomes bigint where a column of its own table references it, and two columns of a partitioned
one: under writes, back, and forward again."""
import contextlib
import itertools
import random

import pytest

from test_recipes import schema
from test_recipes_partitioned import ROOMY
from test_swap import IDENTITY, REVISION, SERIAL, check_writers, column_type, start_writers

TABLES = """
CREATE TABLE users ({key}, chief int REFERENCES users (id) ON DELETE SET NULL, name text NOT NULL);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY, region int NOT NULL, buyer int NOT NULL REFERENCES users (id),
                     seller int REFERENCES users (id) ON UPDATE CASCADE, note text, PRIMARY KEY (id, region))
    PARTITION BY LIST (region);
CREATE TABLE orders_1 PARTITION OF orders FOR VALUES IN (1);
CREATE TABLE orders_2 PARTITION OF orders FOR VALUES IN (2, 3) PARTITION BY LIST (region);
CREATE TABLE orders_2a PARTITION OF orders_2 FOR VALUES IN (2);
CREATE TABLE orders_2b PARTITION OF orders_2 FOR VALUES IN (3);
CREATE INDEX orders_buyer ON orders (buyer, seller);
INSERT INTO users (chief, name) SELECT nullif(g / 2, 0), 'user ' || g FROM generate_series(1, 1000) g;
INSERT INTO orders (region, buyer, seller)
SELECT 1 + g % 3, 1 + g % 1000, nullif(g % 500, 0) FROM generate_series(1, 3000) g;
"""
DIFFERING = """SELECT (SELECT count(*) FROM users WHERE (id_old, chief_old) IS DISTINCT FROM (id, chief))
                    + (SELECT count(*) FROM orders WHERE (buyer_old, seller_old) IS DISTINCT FROM (buyer, seller))"""


def write(database, stop, written, errors, worker):
    chance = random.Random(worker)
    try:
        with contextlib.closing(database.connect(application_name=f"shop/{1 + worker % 2}.0")) as session, \
                session.cursor() as cursor:
            for i in itertools.count():
                if stop.is_set():
                    return
                cursor.execute("INSERT INTO users (chief, name) VALUES (%s, %s) RETURNING id",
                               [chance.randrange(1, 1000), f"w{worker}-{i}"])
                user = cursor.fetchone()[0]
                cursor.execute("INSERT INTO orders (region, buyer, seller, note) VALUES (%s, %s, %s, 'n') RETURNING id",
                               [1 + i % 3, user, chance.randrange(1, 1000)])
                order, owner = cursor.fetchone()[0], chance.randrange(1, 1000)
                cursor.execute("UPDATE orders SET region = 1 + region %% 3, seller = NULL, buyer = %s WHERE id = %s",
                               [owner, order])
                cursor.execute("UPDATE users SET chief = id WHERE id = %s", [user])
                written.append((user, order, owner))
    except Exception as error:  # pylint: disable=broad-except
        errors.append(error)


@pytest.mark.parametrize("key", [SERIAL, IDENTITY], ids=["serial", "identity"])
def test_there_and_back_and_there_under_writes(key, project, database, server):
    database.execute(TABLES.format(key=key))
    plain = server.create_database()
    plain.execute(TABLES.format(key=key) + """
        ALTER TABLE orders ALTER buyer TYPE bigint, ALTER seller TYPE bigint;
        ALTER TABLE users ALTER id TYPE bigint, ALTER chief TYPE bigint;
        ALTER SEQUENCE users_id_seq AS bigint""")
    wanted = schema(plain)
    server.drop_database(plain)
    project.settings("gate: {quiet: 0s}\n" + ROOMY)
    project.ok("revision", "--type-change", "users.id:bigint", "--rev-id", REVISION)
    with start_writers(database, write, 2) as (written, errors):
        project.ok("upgrade", "--backfill")
        project.ok("cutover", REVISION)
        assert column_type(database, "orders", "buyer") == "bigint"
        project.ok("cutover", REVISION, "--undo")
        assert column_type(database, "orders_2b", "seller") == "integer"
        project.ok("backfill", "run", REVISION)
        project.ok("cutover", REVISION)
    check_writers(written, errors)
    assert database.value(DIFFERING) == 0
    owners = dict(database.query("SELECT id, buyer FROM orders"))
    chiefs = dict(database.query("SELECT id, chief FROM users"))
    assert all((owners[order], chiefs[user]) == (owner, user) for user, order, owner in written)
    database.execute("SELECT setval(pg_get_serial_sequence('users', 'id'), 3000000000)")
    big = database.value("INSERT INTO users (name) VALUES ('big') RETURNING id")
    database.execute("UPDATE users SET chief = id WHERE id = %s", big)
    database.execute("INSERT INTO orders (region, buyer) VALUES (3, %s)", big)
    assert database.query("SELECT buyer, buyer_old FROM orders WHERE buyer > 2000000000") == [(big, big - 2**32)]
    project.ok("backfill", "verify", REVISION)
    project.ok("contract", REVISION)
    assert schema(database) == wanted


def test_downgrade_behind_the_undo(project, database):
    database.execute(TABLES.format(key=SERIAL))
    present = schema(database)
    project.settings("gate: {quiet: 0s}\n" + ROOMY)
    project.ok("revision", "--type-change", "users.id:bigint", "--rev-id", REVISION)
    project.ok("upgrade", "--backfill")
    project.ok("cutover", REVISION)
    project.ok("cutover", REVISION, "--undo")
    project.ok("backfill", "run", REVISION)
    project.ok("downgrade", "base")
    assert schema(database) == present
