"""A table with rows and a rename in flight: what the tests of sync and backfill begin with."""
import json

RENAME = "3f2a9c1b7d20"
SYNC = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name;
"""

# Small ranges, so that a small table has many parts.
SMALL = """backfill:
  range_pages: 16
  duty_cycle: 100%
  parts: 4
"""


def make_users(database, rows):
    database.execute("CREATE TABLE users (id bigint PRIMARY KEY, full_name text NOT NULL, "
                     "note text)")
    database.execute("INSERT INTO users SELECT i, 'name ' || i, repeat('x', 60) "
                     "FROM generate_series(1, %s) i", rows)
    database.execute("VACUUM ANALYZE users")


def expand(project, database, rows=5000, settings=SMALL, body=SYNC):
    """Makes users with so many rows, writes the revision, and expands it."""
    make_users(database, rows)
    project.settings(settings)
    project.revision(RENAME, body, title="display name")
    project.ok("upgrade")


def count_updates(database, seconds=0):
    """Counts every update of users in hits; every fifth then takes so long."""
    database.execute("CREATE TABLE hits (id bigint)")
    database.execute("CREATE FUNCTION hit() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     f"INSERT INTO public.hits VALUES (NEW.id); "
                     f"IF NEW.id % 5 = 0 THEN PERFORM pg_sleep({seconds}); END IF; "
                     "RETURN NULL; END $$")
    database.execute("CREATE TRIGGER hit AFTER UPDATE ON users FOR EACH ROW "
                     "EXECUTE FUNCTION hit()")


def slow_down(database, seconds):
    """Lets each updated row take so long."""
    database.execute("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     f"PERFORM pg_sleep({seconds}); RETURN NULL; END $$")
    database.execute("CREATE TRIGGER dawdle AFTER UPDATE ON users FOR EACH ROW "
                     "EXECUTE FUNCTION dawdle()")


def status(project):
    """The one backfill's row of `sluice backfill status`."""
    backfills = project.json("backfill", "status")["backfills"]
    assert len(backfills) == 1, backfills
    return backfills[0]


def unfilled(database):
    return database.value("SELECT count(*) FROM users WHERE display_name IS NULL")


def finish(process, seconds=60):
    """Its JSON result; it must end well."""
    out, err = process.communicate(timeout=seconds)
    assert process.returncode == 0, f"status {process.returncode}\n{out}\n{err}"
    return json.loads(out)
