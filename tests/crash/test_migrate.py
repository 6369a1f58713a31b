"""kill -9 in redo, stamp and upgrade --fresh: the same command again ends as if nothing had been."""
import pytest

from conftest import fault_points, run_to_fault

FIRST, SECOND, THIRD = "aaaaaaaaaaa1", "aaaaaaaaaaa2", "aaaaaaaaaaa3"
TABLE = """-- sluice: expand
CREATE TABLE {0} (id int PRIMARY KEY, name text NOT NULL);
-- sluice: downgrade
DROP TABLE {0};
"""
RENAME = """-- sluice: expand
ALTER TABLE a ADD COLUMN title text;
-- sluice: sync a
SELECT name AS title;
-- sluice: finish
CREATE INDEX CONCURRENTLY a_title ON a (title);
-- sluice: contract
ALTER TABLE a DROP COLUMN name;
-- sluice: downgrade
ALTER TABLE a DROP COLUMN title;
"""
# What is the same after every way there: no times, no attempts.
PICTURE = (
    "SELECT c.relname, a.attname, a.attnotnull FROM pg_attribute a JOIN pg_class c "
    "ON c.oid = a.attrelid WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' "
    "AND a.attnum > 0 AND NOT a.attisdropped ORDER BY 1, 2",
    "SELECT indexrelid::regclass::text, indisvalid FROM pg_index i JOIN pg_class c "
    "ON c.oid = i.indexrelid WHERE c.relnamespace = 'public'::regnamespace ORDER BY 1",
    "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY 1",
    "SELECT id, state, final, partly, origin FROM sluice.revision ORDER BY id",
    "SELECT revision, section, checksum FROM sluice.section ORDER BY 1, 2",
    "SELECT revision, phase, ordinal, state FROM sluice.step ORDER BY 1, 2, 3",
    "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'",
)


def picture(database):
    return [database.query(sql) for sql in PICTURE]


@pytest.fixture
def chain(project):
    project.settings("gate: {quiet: 0s}\n")
    project.revision(FIRST, TABLE.format("a"))
    project.revision(SECOND, RENAME, revises=FIRST)
    project.revision(THIRD, TABLE.format("b"), revises=SECOND)
    return project


def points(*prefixes):
    found = [point for prefix in prefixes for point in fault_points("migrate")
             if point.startswith(f"migrate-{prefix}-")]
    assert found
    return found


@pytest.mark.parametrize("point", points("redo"))
def test_redo(chain, database, point):
    chain.ok("upgrade")
    chain.ok("redo")
    before = picture(database)
    assert run_to_fault(chain, point, "redo")
    chain.ok("redo")
    assert picture(database) == before
    assert chain.ok("events", "--verify")


@pytest.mark.parametrize("point", points("stamp"))
@pytest.mark.parametrize("target", [SECOND, "base"])
def test_stamp(chain, database, point, target):
    chain.ok("upgrade", FIRST)
    assert run_to_fault(chain, point, "stamp", target)
    chain.ok("stamp", target)
    stamped = [row[0] for row in database.query("SELECT id FROM sluice.revision ORDER BY id")]
    assert stamped == ([FIRST, SECOND] if target == SECOND else [])
    chain.ok("stamp", THIRD)  # whoever has the lock next says what was not said
    said = f"stamped {SECOND} contracted" if target == SECOND else f"stamped {FIRST} removed"
    assert [text.startswith(said) for text in stamps(chain)] == [True, False]
    assert chain.ok("events", "--verify")


def stamps(project):
    return [event["text"] for event in project.json("events")["events"] if event["kind"] == "stamp"]


@pytest.fixture(scope="module")
def undisturbed():
    return {}


@pytest.mark.parametrize("point", points("fresh") + ["apply-before-commit", "apply-after-commit",
                                                     "apply-concurrent-after"])
def test_fresh(chain, server, database, point, undisturbed):
    if not undisturbed:
        other = server.create_database()
        chain.ok("upgrade", "--fresh", env={"DATABASE_URL": other.url})
        undisturbed["picture"] = picture(other)
        server.drop_database(other)
    for nth in range(1, 30):
        if not run_to_fault(chain, f"{point}:{nth}", "upgrade", "--fresh"):
            break
    chain.ok("upgrade", "--fresh")
    assert picture(database) == undisturbed["picture"]
    assert nth > 1
    assert chain.ok("events", "--verify")
