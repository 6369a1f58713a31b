"""Tenants with a schema each: a command in one of them leaves the others alone."""
import pytest

from conftest import wait_until
from upgrade_fixtures import FIRST, RENAME, SECOND, USERS

LIFE = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT upper(full_name) AS display_name;

-- sluice: sync users reverse
SELECT display_name AS full_name;

-- sluice: finish
CREATE INDEX CONCURRENTLY users_display_name ON users (display_name);

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;
"""


def columns_of(database, schema):
    return [name for (name,) in database.query(
        "SELECT attname FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = %s "
        "AND c.relname = 'users' AND attnum > 0 AND NOT attisdropped ORDER BY attnum", schema)]


def triggers_of(database, schema):
    return database.value(
        "SELECT count(*) FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE n.nspname = %s AND NOT tgisinternal", schema)


def states_of(database, schema):
    return dict(database.query("SELECT revision, state FROM sluice.schema_state "
                               "WHERE tenant = %s", schema))


class Tenant:
    """A project's commands, in one schema."""

    def __init__(self, project, schema):
        self.project, self.option = project, f"database.schema={schema}"

    def ok(self, *args):
        return self.project.ok(*args, "-o", self.option)

    def json(self, *args):
        return self.project.json(*args, "-o", self.option)

    def fails(self, status, *args):
        return self.project.fails(status, *args, "-o", self.option)


@pytest.fixture
def tenants(project, database):
    """Two tenants with a table users and three rows each, and a table users of nobody's in public."""
    project.settings("backfill: {required_signals: none}\ngate: {quiet: 0s}\n"
                     "app: {name: notes, versions: {\"2.0\": {built_on: %s}}}\n" % SECOND)
    project.revision(FIRST, USERS)
    database.execute("CREATE SCHEMA one; CREATE SCHEMA \"Two\"; "
                     "CREATE TABLE public.users (id int, full_name text)")
    one, two = Tenant(project, "one"), Tenant(project, "Two")
    for tenant, schema in ((one, "one"), (two, '"Two"')):
        tenant.ok("upgrade")
        database.execute(f"INSERT INTO {schema}.users SELECT i, '{schema[-2]} ' || i "
                         "FROM generate_series(1, 3) i")
    return one, two


def test_a_whole_life_in_one_tenant_alone(project, database, tenants):
    one, two = tenants
    project.revision(SECOND, LIFE, revises=FIRST)
    one.ok("upgrade")
    assert columns_of(database, "one") == ["id", "full_name", "seen", "display_name"]
    assert columns_of(database, "Two") == ["id", "full_name", "seen"]
    assert columns_of(database, "public") == ["id", "full_name"]
    assert states_of(database, "one") == {FIRST: "expanded", SECOND: "expanded"}
    assert states_of(database, "Two") == {FIRST: "expanded"}
    two.ok("upgrade")
    assert triggers_of(database, "one") == triggers_of(database, "Two") == 2
    database.execute("INSERT INTO one.users (id, full_name) VALUES (9, 'nine')")
    assert database.value("SELECT display_name FROM one.users WHERE id = 9") == "NINE"
    assert database.value("SELECT count(*) FROM \"Two\".users WHERE display_name IS NOT NULL") == 0

    one.ok("backfill", "run")
    assert database.value("SELECT count(*) FROM one.users WHERE display_name IS NULL") == 0
    assert database.value("SELECT count(*) FROM \"Two\".users WHERE display_name IS NULL") == 3
    assert database.query("SELECT DISTINCT relation FROM sluice.backfill") == [("one.users",)]
    assert states_of(database, "one")[SECOND] == "backfilled"
    assert states_of(database, "Two")[SECOND] == "expanded"
    one.ok("backfill", "verify")

    one.ok("cutover", SECOND)
    one.ok("contract", SECOND)
    assert columns_of(database, "one") == ["id", "seen", "display_name"]
    assert columns_of(database, "Two") == ["id", "full_name", "seen", "display_name"]
    assert triggers_of(database, "one") == 0 and triggers_of(database, "Two") == 2
    database.execute("INSERT INTO \"Two\".users (id, full_name) VALUES (9, 'nine')")
    assert database.value("SELECT display_name FROM \"Two\".users WHERE id = 9") == "NINE"


def test_the_ledger_of_a_tenant_is_its_own(project, database, tenants):
    one, two = tenants
    project.revision(SECOND, RENAME, revises=FIRST)
    one.ok("upgrade")
    assert [row["id"] for row in one.json("current")["revisions"]] == [FIRST, SECOND]
    assert [row["id"] for row in two.json("current")["revisions"]] == [FIRST]
    assert {row["id"]: row["state"] for row in two.json("status")["revisions"]} == {
        FIRST: "expanded", SECOND: "pending"}
    assert project.json("current")["revisions"] == []
    assert {event["revision"] for event in one.json("events")["events"]} == {FIRST, SECOND}
    assert {event["revision"] for event in two.json("events")["events"]} == {FIRST}
    one.ok("wait", "--revision", SECOND, "--timeout", "1s")
    two.fails(8, "wait", "--revision", SECOND, "--timeout", "1s")
    one.ok("downgrade", FIRST)
    assert columns_of(database, "one") == ["id", "full_name", "seen"]
    assert states_of(database, "one") == {FIRST: "expanded"}


def test_no_such_schema(project, database, tenants):
    result = Tenant(project, "three").fails(8, "upgrade")
    assert "schema three" in result.stderr and "CREATE SCHEMA" in result.stderr
    database.execute("CREATE SCHEMA three")
    Tenant(project, "three").ok("upgrade")
    assert columns_of(database, "three") == ["id", "full_name", "seen"]


def test_tenants_do_not_wait_for_each_other(project, database, tenants):
    """The migrator lock of one is held; the other is upgraded meanwhile."""
    one, two = tenants
    project.revision(SECOND, RENAME, revises=FIRST)
    blocker = database.connect(autocommit=False)
    with blocker.cursor() as cursor:
        cursor.execute("LOCK TABLE one.users IN ACCESS SHARE MODE")
        cursor.execute("SELECT 1")
        started = project.start("upgrade", "-o", one.option)
        two.ok("upgrade")
        assert states_of(database, "Two")[SECOND] == "expanded"
    blocker.rollback()
    blocker.close()
    _, stderr = started.communicate(timeout=60)
    assert started.returncode == 0, stderr
    assert states_of(database, "one")[SECOND] == "expanded"


def test_the_lock_that_is_broken_is_the_tenants(project, database, tenants):
    one, two = tenants
    project.revision(SECOND, RENAME, revises=FIRST)
    blocker = database.connect(autocommit=False)
    blocker.cursor().execute("SELECT * FROM one.users")
    started = project.start("upgrade", "-o", one.option)
    wait_until(lambda: one.json("lock", "show")["locks"], what="the lock is taken")
    assert "nothing to do" in two.ok("lock", "break", "--yes").stdout
    assert one.json("lock", "break", "--yes")["broken"] is True
    started.communicate(timeout=60)
    assert started.returncode == 4
    blocker.rollback()
    blocker.close()
