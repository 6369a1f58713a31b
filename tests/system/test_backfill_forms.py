"""Every form of a backfill's statement does what it would do in one piece: UPDATE .. FROM, DELETE ..
USING, INSERT .. SELECT, several of them in order; each row once, with apps writing beside it."""
import threading

import pytest

from backfill_fixtures import RENAME, SMALL, finish
from conftest import wait_until

TABLES = """
CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL, gone boolean NOT NULL DEFAULT false);
CREATE TABLE addresses (id bigint PRIMARY KEY, owner bigint NOT NULL, kind text NOT NULL, city text);
CREATE TABLE hits (what text, id bigint);
CREATE FUNCTION hit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    INSERT INTO public.hits VALUES (TG_OP || ' ' || TG_TABLE_NAME, coalesce(NEW.id, OLD.id));
    RETURN NULL; END $$;
INSERT INTO users SELECT i, 'name ' || i, i % 10 = 0 FROM generate_series(1, 4000) i;
INSERT INTO addresses SELECT i, i, 'home', 'city ' || i FROM generate_series(1, 3500) i;
INSERT INTO addresses SELECT 10000 + i, i, 'work', 'office' FROM generate_series(1, 1000) i;
CREATE INDEX ON addresses (owner);
"""
EXPAND = "-- sluice: expand\nALTER TABLE users ADD COLUMN city text;\n"


def begin(project, database, backfill, tables=TABLES, expand=EXPAND, settings=SMALL):
    """Tables, the revision with its backfill, expanded; then every write of users is counted."""
    database.execute(tables)
    database.execute("ANALYZE")
    project.settings(settings)
    project.revision(RENAME, f"{expand}-- sluice: backfill\n{backfill}")
    project.ok("upgrade")
    database.execute("CREATE TRIGGER hit AFTER INSERT OR UPDATE OR DELETE ON users FOR EACH ROW "
                     "EXECUTE FUNCTION hit()")


def run(project, workers=2):
    return project.json("backfill", "run", "--workers", str(workers))["backfills"][0]["rows"]


FROM = """UPDATE users u SET city = a.city FROM addresses a
WHERE a.owner = u.id AND a.kind = 'home' AND u.city IS NULL AND a.city IS NOT NULL;
"""


@pytest.mark.parametrize("driving", ["", "-- sluice: driving table addresses\n"])
def test_update_from_sets_each_row_once(project, database, driving):
    begin(project, database, driving + FROM)
    assert run(project) == 3500
    assert database.query("SELECT count(*), count(*) FILTER (WHERE city = 'city ' || id) "
                          "FROM users WHERE city IS NOT NULL") == [(3500, 3500)]
    assert database.query("SELECT what, count(*), count(DISTINCT id) FROM hits GROUP BY what") == \
        [("UPDATE users", 3500, 3500)]


@pytest.mark.parametrize("driving", ["", "-- sluice: driving table a\n"])
def test_update_from_beside_an_app(project, database, driving):
    begin(project, database, driving + FROM, settings=SMALL + "  target_time: 5ms\n")
    holder = database.connect(autocommit=False)
    with holder.cursor() as cursor:
        cursor.execute("UPDATE users SET name = 'held' WHERE id IN (1, 1700, 3499)")
    process = project.start("backfill", "run", "--workers", "2", "--format", "json")
    wait_until(lambda: database.value("SELECT count(*) FROM users WHERE city IS NULL") == 503,
               what="all but the locked rows")
    assert process.poll() is None
    database.execute("UPDATE users SET city = 'by the app' WHERE id = 3900")
    database.execute("INSERT INTO addresses VALUES (20000, 3950, 'home', 'city 3950')")
    holder.commit()
    holder.close()
    assert finish(process)["backfills"][0]["rows"] == 3501
    assert database.query("SELECT id, name, city FROM users WHERE id IN (1, 3900, 3950) "
                          "ORDER BY id") == [
        (1, "held", "city 1"), (3900, "name 3900", "by the app"),
        (3950, "name 3950", "city 3950")]


@pytest.mark.parametrize("driving", ["", "-- sluice: driving table u\n"])
def test_delete_using(project, database, driving):
    begin(project, database, driving +
          "DELETE FROM addresses a USING users u WHERE u.id = a.owner AND u.gone;\n")
    database.execute("CREATE TRIGGER hit AFTER DELETE ON addresses FOR EACH ROW "
                     "EXECUTE FUNCTION hit()")
    assert run(project) == 450
    assert database.query("SELECT count(*), count(*) FILTER (WHERE owner % 10 = 0) "
                          "FROM addresses") == [(4050, 0)]
    assert database.query("SELECT count(*), count(DISTINCT id) FROM hits") == [(450, 450)]


PROFILES = """-- sluice: expand
CREATE TABLE profiles (id int PRIMARY KEY, city text);
"""
INSERT = """INSERT INTO profiles (id, city)
SELECT u.id, a.city FROM users u LEFT JOIN addresses a ON a.owner = u.id AND a.kind = 'home'
WHERE NOT u.gone
ON CONFLICT (id) DO NOTHING;
"""


def test_insert_select_beside_an_app(project, database):
    """Rows that apps insert first are theirs; a user who came while it ran is not forgotten."""
    begin(project, database, INSERT, expand=PROFILES, settings=SMALL + "  target_time: 5ms\n")
    database.execute("INSERT INTO profiles VALUES (7, 'by the app')")
    holder = database.connect(autocommit=False)
    with holder.cursor() as cursor:
        cursor.execute("INSERT INTO profiles VALUES (2001, 'not yet')")
    process = project.start("backfill", "run", "--workers", "2", "--format", "json")
    wait_until(lambda: database.value("SELECT count(*) FROM profiles") > 1000)
    # In front of the walk: the first page has room for it.
    database.execute("DELETE FROM users WHERE id = 3")
    database.execute("VACUUM users")
    database.execute("INSERT INTO users VALUES (5001, 'late')")
    holder.rollback()
    holder.close()
    finish(process)
    assert database.value("SELECT count(*) FROM users u WHERE NOT gone AND NOT EXISTS "
                          "(SELECT 1 FROM profiles p WHERE p.id = u.id)") == 0
    assert database.query("SELECT id, city FROM profiles WHERE id IN (7, 8, 2001, 3999) "
                          "ORDER BY id") == [
        (7, "by the app"), (8, "city 8"), (2001, "city 2001"), (3999, None)]
    assert database.value("SELECT count(*) FROM profiles WHERE id % 10 = 0") == 0


def test_an_aggregate_is_refused_before_anything_happens(project, database):
    begin(project, database, "INSERT INTO profiles (id, city) SELECT max(u.id), 'x' FROM users u\n"
          "ON CONFLICT (id) DO NOTHING;\n", expand=PROFILES)
    failed = project.fails(5, "backfill", "run")
    assert "aggregate" in failed.stderr and "subquery" in failed.stderr
    assert database.value("SELECT count(*) FROM sluice.backfill") == 0


def test_a_key_that_may_be_null_is_refused(project, database):
    begin(project, database, INSERT, expand=PROFILES.replace("PRIMARY KEY", "UNIQUE"))
    assert "may be NULL" in project.fails(8, "backfill", "run").stderr


SEVERAL = """
INSERT INTO cities (name) SELECT city FROM addresses WHERE city IS NOT NULL
ON CONFLICT (name) DO NOTHING;

UPDATE addresses a SET city_id = c.id FROM cities c
WHERE c.name = a.city AND a.city_id IS DISTINCT FROM c.id;

-- sluice: finished when version >= 2
UPDATE addresses SET version = 2;

DELETE FROM users WHERE gone;
"""


def test_several_statements_run_in_order(project, database):
    begin(project, database, SEVERAL, expand="""-- sluice: expand
CREATE TABLE cities (id bigint GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY);
ALTER TABLE addresses ADD COLUMN city_id bigint, ADD COLUMN version int;
""")
    assert run(project) == 3501 + 4500 + 4500 + 400
    assert database.query("SELECT ordinal, relation, state, rows FROM sluice.backfill "
                          "ORDER BY ordinal") == [
        (1, "public.addresses", "done", 3501), (2, "public.addresses", "done", 4500),
        (3, "public.addresses", "done", 4500), (4, "public.users", "done", 400)]
    assert database.value("SELECT count(*) FROM addresses a JOIN cities c ON c.id = a.city_id "
                          "AND c.name = a.city WHERE a.version = 2") == 4500
    listed = project.json("backfill", "status")["backfills"]
    assert [one["rows"] for one in listed] == [3501, 4500, 4500, 400]


def test_a_killed_run_of_several_goes_on_where_it_was(project, database):
    begin(project, database, SEVERAL.replace("-- sluice: finished when version >= 2\n"
                                             "UPDATE addresses SET version = 2;\n", ""),
          expand="""-- sluice: expand
CREATE TABLE cities (id bigint GENERATED ALWAYS AS IDENTITY, name text PRIMARY KEY);
ALTER TABLE addresses ADD COLUMN city_id bigint;
""")
    database.execute("CREATE TRIGGER hit AFTER UPDATE ON addresses FOR EACH ROW "
                     "EXECUTE FUNCTION hit()")
    for first in ("cities", "hits"):
        process = project.start("backfill", "run")
        wait_until(lambda table=first: database.value(f"SELECT count(*) FROM {table}") > 0)
        process.kill()
        process.communicate()
    project.ok("backfill", "run")
    assert database.query("SELECT what, count(*), count(DISTINCT id) FROM hits GROUP BY what "
                          "ORDER BY what") == [
        ("DELETE users", 400, 400), ("UPDATE addresses", 4500, 4500)]
    assert database.query("SELECT rows FROM sluice.backfill ORDER BY ordinal") == \
        [(3501,), (4500,), (400,)]


def test_a_driving_table_in_partitions(project, database):
    begin(project, database, "-- sluice: driving table addresses\n" + FROM, tables=TABLES.replace(
        "city text);", "city text) PARTITION BY LIST (kind);\n"
        "CREATE TABLE homes PARTITION OF addresses FOR VALUES IN ('home');\n"
        "CREATE TABLE works PARTITION OF addresses FOR VALUES IN ('work');", 1).replace(
            "id bigint PRIMARY KEY, owner", "id bigint, owner"))
    assert run(project) == 3500
    assert database.query("SELECT relation, rows FROM sluice.backfill ORDER BY ordinal") == \
        [("public.homes", 3500), ("public.works", 0)]


def test_writers_of_both_tables_meanwhile(project, database):
    """Nobody's write is lost, and nothing is set twice, whoever wins a row."""
    begin(project, database, FROM, settings=SMALL + "  target_time: 5ms\n")
    database.execute("CREATE TRIGGER slow BEFORE UPDATE ON users FOR EACH ROW "
                     "EXECUTE FUNCTION pg_catalog.suppress_redundant_updates_trigger()")
    stop = threading.Event()

    def write(first):
        session = database.connect()
        with session.cursor() as cursor:
            number = first
            while not stop.is_set():
                cursor.execute("UPDATE users SET name = name || '!' WHERE id = %s",
                               (1 + number * 7 % 4000,))
                cursor.execute("UPDATE users SET city = 'app' WHERE id = %s AND id %% 11 = 0",
                               (1 + number * 13 % 4000,))
                number += 1
        session.close()

    writers = [threading.Thread(target=write, args=(i * 1000,)) for i in range(3)]
    for writer in writers:
        writer.start()
    try:
        project.ok("backfill", "run", "--workers", "2")
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert database.value("SELECT count(*) FROM users WHERE city IS NULL AND id <= 3500") == 0
    assert database.value("SELECT count(*) FROM users WHERE id % 11 <> 0 AND id <= 3500 "
                          "AND city <> 'city ' || id") == 0
