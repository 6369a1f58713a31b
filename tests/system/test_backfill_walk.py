"""Along a key as by pages: complete, each row once, whatever the key is made of; and a plan that would
read the whole table for each part is stopped."""
import pytest

from backfill_fixtures import (RENAME, SMALL, SYNC, expand, finish, make_users, slow_down, status,
                               unfilled)
from conftest import wait_until

KEY = SMALL + "  walk: key\n"
KEYS = {
    "int": ("id int PRIMARY KEY", "i"),
    "uuid": ("id uuid PRIMARY KEY", "md5(i::text)::uuid"),
    "text": ("id text PRIMARY KEY", "'it''s \\ ' || i"),
    "timestamp": ("id timestamptz PRIMARY KEY", "'2026-01-01'::timestamptz + i * interval '1.001 s'"),
    "composite": ("id varchar(20), part smallint, PRIMARY KEY (id, part)", "i / 7, i % 7"),
}


@pytest.mark.parametrize("kind", KEYS)
def test_each_row_once_along_any_key(kind, project, database):
    columns, value = KEYS[kind]
    database.execute(f"CREATE TABLE users ({columns}, full_name text NOT NULL, note text)")
    database.execute(f"INSERT INTO users SELECT {value}, 'name ' || i, repeat('x', 60) "
                     "FROM generate_series(1, 6000) i ORDER BY random()")
    project.settings(KEY)
    project.revision(RENAME, SYNC)
    project.ok("upgrade")
    database.execute("CREATE TABLE hits (id text)")
    database.execute("CREATE FUNCTION hit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "INSERT INTO public.hits VALUES (NEW.full_name); RETURN NULL; END $$")
    database.execute("CREATE TRIGGER hit AFTER UPDATE ON users FOR EACH ROW EXECUTE FUNCTION hit()")
    done = project.json("backfill", "run", "--workers", "2")["backfills"]
    assert done[0]["rows"] == 6000 and unfilled(database) == 0
    assert database.query("SELECT count(*), count(DISTINCT id) FROM hits") == [(6000, 6000)]
    assert database.value("SELECT key_index FROM sluice.backfill") == "public.users_pkey"
    assert status(project)["share"] == 1


WRITTEN = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;
-- sluice: backfill
-- sluice: walk key {index}
UPDATE users SET display_name = full_name WHERE display_name IS NULL AND full_name IS NOT NULL;
"""


def test_rows_that_come_and_move_along_the_key_are_not_forgotten(project, database):
    """No triggers: rows put in front of the walk and behind it, and keys that change."""
    make_users(database, 5000)
    project.settings(SMALL + "  target_time: 5ms\n")
    project.revision(RENAME, WRITTEN.format(index="users_pkey"))
    project.ok("upgrade")
    slow_down(database, 0.0005)
    process = project.start("backfill", "run", "--workers", "2", "--format", "json")
    session = database.connect()
    with session.cursor() as cursor:
        for number in range(300):
            cursor.execute("INSERT INTO users VALUES (%s, 'late')", (-number - 1,))
            cursor.execute("INSERT INTO users VALUES (%s, 'later')", (10000 + number,))
            cursor.execute("UPDATE users SET id = -id - 10000 WHERE id = %s", (5000 - 3 * number,))
    session.close()
    assert process.poll() is None, "too fast to tell anything"
    finish(process)
    assert unfilled(database) == 0
    assert database.value("SELECT count(*) FROM users") == 5600


def test_the_index_is_the_one_that_is_named(project, database):
    make_users(database, 500)
    database.execute("ALTER TABLE users ALTER note SET NOT NULL")
    database.execute("CREATE UNIQUE INDEX by_name ON users (full_name, id)")
    database.execute("CREATE INDEX by_note ON users (note)")
    project.settings(SMALL)
    project.revision(RENAME, WRITTEN.format(index="by_note"))
    project.ok("upgrade")
    failed = project.fails(8, "backfill", "run")
    assert "no index by_note" in failed.stderr and "unique" in failed.stderr
    path = next((project.folder / "migrations").glob("*.sql"))
    path.write_text(path.read_text().replace("by_note", "by_name"))
    project.ok("backfill", "run")
    assert database.value("SELECT key_index FROM sluice.backfill") == "public.by_name"
    assert unfilled(database) == 0


def test_partitions_along_the_key_of_their_parent(project, database):
    database.execute("CREATE TABLE users (id bigint, full_name text, note text, "
                     "PRIMARY KEY (id)) PARTITION BY RANGE (id)")
    for i in range(2):
        database.execute(f"CREATE TABLE users_{i} PARTITION OF users "
                         f"FOR VALUES FROM ({i * 1000}) TO ({(i + 1) * 1000})")
    database.execute("INSERT INTO users SELECT i, 'name ' || i FROM generate_series(0, 1999) i")
    project.settings(SMALL)
    project.revision(RENAME, WRITTEN.format(index="users_pkey"))
    project.ok("upgrade")
    assert project.json("backfill", "run")["backfills"][0]["rows"] == 2000
    assert database.query("SELECT relation, key_index, rows FROM sluice.backfill ORDER BY 1") == [
        ("public.users_0", "public.users_0_pkey", 1000),
        ("public.users_1", "public.users_1_pkey", 1000)]


def test_refused_rows_along_a_key(project, database):
    make_users(database, 3000)
    project.settings(KEY)
    project.revision(RENAME, """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name int;
-- sluice: backfill
UPDATE users SET display_name = (10 / (id % 1000))::int
WHERE display_name IS NULL AND (10 / (id % 1000))::int IS NOT NULL;
""")
    project.ok("upgrade")
    project.fails(5, "backfill", "run", "--workers", "2")
    assert [row["key"] for row in status(project)["quarantine"]] == \
        ["id = 1000", "id = 2000", "id = 3000"]
    assert unfilled(database) == 3


def test_a_plan_that_reads_the_whole_table_is_stopped(project, database):
    database.execute("CREATE TABLE users (id bigint PRIMARY KEY, city text)")
    database.execute("CREATE TABLE addresses (owner bigint, city text, filler text)")
    database.execute("INSERT INTO users SELECT i FROM generate_series(1, 60000) i")
    database.execute("INSERT INTO addresses SELECT i, 'city', repeat('x', 200) "
                     "FROM generate_series(1, 60000) i")
    database.execute("ANALYZE")
    project.settings(SMALL)
    project.revision(RENAME, """-- sluice: expand
ALTER TABLE users ADD COLUMN note text;
-- sluice: backfill
UPDATE users u SET city = a.city FROM addresses a
WHERE a.owner = u.id AND u.city IS NULL AND a.city IS NOT NULL;
""")
    project.ok("upgrade")
    failed = project.fails(8, "backfill", "run")
    assert "Seq Scan on public.addresses" in failed.stderr and "driving table" in failed.stderr
    assert database.value("SELECT count(*) FROM users WHERE city IS NOT NULL") == 0
    database.execute("CREATE INDEX ON addresses (owner)")
    project.ok("backfill", "run")
    assert database.value("SELECT count(*) FROM users WHERE city IS NULL") == 0


def test_one_pass_is_enough_where_a_constraint_proves_it(project, database):
    expand(project, database)
    project.ok("backfill", "run")
    assert unfilled(database) == 0 and status(project)["pass"] == 1
    assert database.value("SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'c' "
                          "AND conrelid = 'users'::regclass")


def test_rows_that_are_put_behind_the_walk_are_found(project, database):
    expand(project, database, rows=3000)
    slow_down(database, 0.0005)
    processes = [project.start("backfill", "run", "--format", "json") for _ in range(3)]
    wait_until(lambda: unfilled(database) < 2000, what="first rows")
    project.ok("backfill", "pause")
    wait_until(lambda: status(project)["state"] == "paused", what="the pause")
    # Few are left: one of the processes fills them, the others are done all the same.
    database.execute("DELETE FROM users WHERE display_name IS NOT NULL OR id % 300 <> 0")
    left = unfilled(database)
    database.execute("VACUUM FULL users")
    project.ok("backfill", "resume")
    for process in processes:
        finish(process)
    assert left > 0 and unfilled(database) == 0
    assert database.value("SELECT count(*) FROM users") == left
    assert status(project)["pass"] > 1
