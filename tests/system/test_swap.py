"""A cutover that swaps the names of columns: an int key becomes bigint, under writes, and back."""
import itertools
import threading

import pytest

REVISION = "b16b16b16b16"
TABLES = """
CREATE TABLE users (id serial PRIMARY KEY, name text NOT NULL);
CREATE TABLE orders (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
                     user_id int NOT NULL REFERENCES users (id) ON DELETE CASCADE, note text);
INSERT INTO users (name) SELECT 'user ' || g FROM generate_series(1, 2000) g;
INSERT INTO orders (user_id) SELECT 1 + g % 2000 FROM generate_series(1, 4000) g;
"""
NARROW = "CASE WHEN {0} BETWEEN -2147483648 AND 2147483647 THEN {0}::int END"
BODY = f"""
-- sluice: expand
ALTER TABLE users ADD COLUMN id_new bigint;
ALTER TABLE orders ADD COLUMN user_id_new bigint;

-- sluice: sync users
SELECT id::bigint AS id_new;
-- sluice: sync users reverse
SELECT {NARROW.format('id_new')} AS id;
-- sluice: sync orders
SELECT user_id::bigint AS user_id_new;
-- sluice: sync orders reverse
SELECT {NARROW.format('user_id_new')} AS user_id;

-- sluice: finish
CREATE UNIQUE INDEX CONCURRENTLY users_id_new_key ON users (id_new);
CREATE UNIQUE INDEX CONCURRENTLY users_id_old_key ON users (id);
ALTER TABLE orders ADD CONSTRAINT orders_user_id_new_fkey FOREIGN KEY (user_id_new)
    REFERENCES users (id_new) ON DELETE CASCADE NOT VALID;
ALTER TABLE orders VALIDATE CONSTRAINT orders_user_id_new_fkey;

-- sluice: cutover
ALTER TABLE orders DROP CONSTRAINT orders_user_id_fkey;
ALTER TABLE users DROP CONSTRAINT users_pkey;
ALTER TABLE users RENAME COLUMN id TO id_old;
ALTER TABLE users RENAME COLUMN id_new TO id;
ALTER TABLE orders RENAME COLUMN user_id TO user_id_old;
ALTER TABLE orders RENAME COLUMN user_id_new TO user_id;
ALTER TABLE users ALTER COLUMN id_old DROP DEFAULT, ALTER COLUMN id_old DROP NOT NULL,
                  ALTER COLUMN id SET DEFAULT nextval('users_id_seq');
ALTER TABLE orders ALTER COLUMN user_id_old DROP NOT NULL;
ALTER SEQUENCE users_id_seq AS bigint;
ALTER SEQUENCE users_id_seq OWNED BY users.id;
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id_new_key;
ALTER TABLE orders RENAME CONSTRAINT orders_user_id_new_fkey TO orders_user_id_fkey;

-- sluice: cutover undo
ALTER TABLE orders RENAME CONSTRAINT orders_user_id_fkey TO orders_user_id_new_fkey;
ALTER SEQUENCE users_id_seq OWNED BY users.id_old;
ALTER TABLE orders DROP CONSTRAINT orders_user_id_new_fkey;
ALTER TABLE users DROP CONSTRAINT users_pkey;
ALTER TABLE users RENAME COLUMN id TO id_new;
ALTER TABLE users RENAME COLUMN id_old TO id;
ALTER TABLE orders RENAME COLUMN user_id TO user_id_new;
ALTER TABLE orders RENAME COLUMN user_id_old TO user_id;
ALTER TABLE users ALTER COLUMN id_new DROP DEFAULT, ALTER COLUMN id SET DEFAULT nextval('users_id_seq');
ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY USING INDEX users_id_old_key;
ALTER TABLE orders ADD CONSTRAINT orders_user_id_fkey FOREIGN KEY (user_id)
    REFERENCES users (id) ON DELETE CASCADE NOT VALID;

-- sluice: contract
ALTER TABLE orders DROP COLUMN user_id_old;
ALTER TABLE users DROP COLUMN id_old;
"""


def column_type(database, table, column):
    return database.value("SELECT format_type(atttypid, atttypmod) FROM pg_attribute "
                          "WHERE attrelid = %s::regclass AND attname = %s", table, column)


def write(database, stop, written, errors, worker):
    """An app that knows only the names `id` and `user_id`: inserts, updates, moves orders."""
    session = database.connect(application_name=f"shop/{1 + worker % 2}.0")
    try:
        for i in itertools.count():
            if stop.is_set():
                return
            with session.cursor() as cursor:
                cursor.execute("INSERT INTO users (name) VALUES (%s) RETURNING id", [f"w{worker}-{i}"])
                user = cursor.fetchone()[0]
                cursor.execute("INSERT INTO orders (user_id, note) VALUES (%s, %s) RETURNING id",
                               [user, f"w{worker}-{i}"])
                order = cursor.fetchone()[0]
                cursor.execute("UPDATE orders SET user_id = %s WHERE id = %s", [1 + i % 2000, order])
                cursor.execute("UPDATE users SET name = name || '!' WHERE id = %s", [user])
            written.append((user, f"w{worker}-{i}!", order, 1 + i % 2000))
    except Exception as error:  # pylint: disable=broad-except
        errors.append(error)
    finally:
        session.close()


@pytest.fixture
def writers(database):
    stop, written, errors = threading.Event(), [], []
    threads = [threading.Thread(target=write, args=(database, stop, written, errors, n))
               for n in range(3)]

    def end():
        stop.set()
        for thread in threads:
            thread.join(30)
        return written, errors

    def start():
        for thread in threads:
            thread.start()
        return end
    yield start
    if any(thread.is_alive() for thread in threads):
        end()


def check_written(database, written, errors):
    assert errors == []
    assert len(written) > 20
    names = dict(database.query("SELECT id, name FROM users"))
    owners = dict(database.query("SELECT id, user_id FROM orders"))
    for user, name, order, owner in written:
        assert (names[user], owners[order]) == (name, owner)


def test_an_int_key_becomes_bigint_under_writes(project, database, writers):
    database.execute(TABLES)
    project.settings("gate: {quiet: 0s}\n")
    project.revision(REVISION, BODY)
    end = writers()
    project.ok("upgrade", "--backfill")
    project.ok("cutover", REVISION)
    assert column_type(database, "users", "id") == "bigint"
    assert column_type(database, "orders", "user_id") == "bigint"
    assert project.ok("backfill", "verify", REVISION)
    written, errors = end()
    check_written(database, written, errors)
    assert database.value("SELECT count(*) FROM users WHERE id_old IS DISTINCT FROM id") == 0
    assert database.value("SELECT count(*) FROM orders WHERE user_id_old IS DISTINCT FROM user_id") == 0
    # A value that the old type cannot hold costs the way back for that row, and nothing else.
    database.execute("SELECT setval('users_id_seq', 3000000000)")
    big = database.value("INSERT INTO users (name) VALUES ('big') RETURNING id")
    assert database.query("SELECT id, id_old FROM users WHERE name = 'big'") == [(big, None)]
    assert project.ok("backfill", "verify", REVISION)
    project.ok("contract", REVISION)
    assert column_type(database, "users", "id") == "bigint"
    assert database.value("SELECT count(*) FROM pg_trigger WHERE tgname ~ 'sluice'") == 0
    assert database.value("SELECT count(*) FROM pg_constraint WHERE conname ~ 'sluice'") == 0
    assert database.value("SELECT bool_and(attnotnull) FROM pg_attribute WHERE attname IN "
                          "('id', 'user_id') AND attrelid IN ('users'::regclass, 'orders'::regclass)")


def test_the_way_back_under_writes(project, database, writers):
    database.execute(TABLES)
    project.revision(REVISION, BODY)
    project.ok("upgrade", "--backfill")
    end = writers()
    project.ok("cutover", REVISION)
    project.ok("cutover", REVISION, "--undo")
    assert column_type(database, "users", "id") == "integer"
    written, errors = end()
    check_written(database, written, errors)
    assert database.value("SELECT count(*) FROM users WHERE id_new IS DISTINCT FROM id") == 0
    assert database.value("SELECT count(*) FROM orders WHERE user_id_new IS DISTINCT FROM user_id") == 0


def test_a_verify_section_has_only_one_set_of_names(project, database):
    database.execute(TABLES)
    project.revision(REVISION, BODY + "\n-- sluice: verify\nSELECT id FROM users WHERE id_new <> id;\n")
    refused = project.fails(9, "upgrade")
    assert "the cutover renames columns of users" in refused.stderr
    assert "Leave the section verify out" in refused.stderr
