"""upgrade --sql and downgrade --sql: what psql makes of them is what sluice makes itself."""
import os
import re
import subprocess
import tempfile

import pytest

from conftest import Project
from test_targets import write
from upgrade_fixtures import ADD, FIRST, RENAME, SECOND, THIRD, USERS, columns, has_ledger, states, \
    triggers

FOURTH = "aaaaaaaaaaa4"


def psql(project, script, *options, database=None):
    return subprocess.run(["psql", "-X", "-q", (database or project.database).url, *options],
                          input=script, capture_output=True, text=True, timeout=60)


def apply(project, script, *options, database=None):
    done = psql(project, script, *options, database=database)
    assert done.returncode == 0, done.stderr
    return done


def schema(database):
    """pg_dump -s of everything that is not the ledger's; without the random token of its restriction."""
    done = subprocess.run(["pg_dump", "-s", "-N", "sluice", database.url], capture_output=True,
                          text=True, check=True)
    return [line for line in done.stdout.splitlines() if not re.match(r"\\(un)?restrict ", line)]


def ledger(database):
    return (database.query("SELECT id, title, parents, state, final, partly, origin, applied_by "
                           "FROM sluice.revision ORDER BY ordinal"),
            database.query("SELECT * FROM sluice.section ORDER BY 1, 2"),
            database.query("SELECT revision, schema_name, table_name, forward, reverse, "
                           "installed_sql, swaps FROM sluice.mapping ORDER BY 1, 2, 3"))


def status(project):
    """Without what tells when and where."""
    text = project.ok("status").stdout
    return re.sub(r"\d{4}-\d\d-\d\dT[0-9:]+Z", "TIME", text)


@pytest.fixture
def two(project, server, database, tmp_path):
    """The same project on two databases: the first is upgraded online, the second by scripts."""
    other = server.create_database()
    project.database = database
    twin = Project(tmp_path / "twin", other)
    twin.database = other
    twin.migrations.rmdir()
    twin.migrations.symlink_to(project.migrations)
    project.revision(FIRST, USERS)
    project.revision(SECOND, RENAME, revises=FIRST)
    project.revision(THIRD, ADD, revises=SECOND)
    project.revision(FOURTH, "-- sluice: expand\nCREATE INDEX CONCURRENTLY users_seen ON users (seen);\n"
                     "ALTER TABLE users ADD COLUMN later int;\n\n-- sluice: downgrade\n"
                     "ALTER TABLE users DROP COLUMN later;\nDROP INDEX users_seen;\n", revises=THIRD)
    yield project, twin
    server.drop_database(other)


def same(project, twin):
    assert schema(twin.database) == schema(project.database)
    assert ledger(twin.database) == ledger(project.database)
    assert status(twin) == status(project)
    assert twin.json("events", "--verify")


def test_expand(two):
    project, twin = two
    script = project.ok("upgrade", "--sql", env={"DATABASE_URL": ""}).stdout
    apply(twin, script)
    assert triggers(twin.database) == ["zzzz_sluice_insert", "zzzz_sluice_update"]
    project.ok("upgrade", FIRST)
    # With a row, its backfill does not come by itself.
    project.database.execute("INSERT INTO users VALUES (1, 'ada', 0)")
    project.ok("upgrade")
    same(project, twin)
    assert "nothing to do" in twin.ok("upgrade", THIRD, "--dry-run").stdout


def test_a_database_goes_on_by_either_way(two):
    project, twin = two
    apply(twin, project.ok("upgrade", SECOND, "--sql").stdout)
    twin.database.execute("INSERT INTO users VALUES (1, 'ada', 0)")
    twin.ok("backfill", "run")
    assert states(twin.database)[SECOND] == "backfilled"
    twin.ok("upgrade")
    assert columns(twin.database)[-1] == "later"


def test_whole_lives(two):
    project, twin = two
    script = project.ok("upgrade", "--sql", "--phases", "all").stdout
    apply(twin, script)
    project.ok("upgrade", "--fresh")
    same(project, twin)
    assert states(twin.database)[SECOND] == "contracted"
    assert "full_name" not in columns(twin.database)


def test_rows_are_filled_by_one_statement(two):
    project, twin = two
    apply(twin, project.ok("upgrade", FIRST, "--sql").stdout)
    twin.database.execute("INSERT INTO users SELECT i, 'name ' || i FROM generate_series(1, 50) i")
    apply(twin, project.ok("upgrade", "--sql").stdout)
    assert twin.database.value("SELECT count(*) FROM users WHERE display_name IS NULL") == 50
    script = project.ok("upgrade", "--sql", "--phases", "backfill").stdout
    assert "one statement" in script and "CREATE TABLE users" not in script
    apply(twin, script)
    assert twin.database.value("SELECT count(*) FROM users WHERE display_name = full_name") == 50
    assert states(twin.database)[SECOND] == "backfilled"
    apply(twin, project.ok("upgrade", "--sql", "--phases", "cutover,contract").stdout)
    assert states(twin.database)[SECOND] == "contracted" and triggers(twin.database) == []


def test_again_it_does_nothing(two):
    project, twin = two
    script = project.ok("upgrade", "--sql").stdout
    apply(twin, script)
    before = schema(twin.database), ledger(twin.database)
    apply(twin, script)
    assert (schema(twin.database), ledger(twin.database)) == before


def test_a_range_stands_on_its_ground(two):
    project, twin = two
    script = project.ok("upgrade", f"{SECOND}:heads", "--sql").stdout
    assert "CREATE TABLE users" not in script
    done = psql(twin, script)
    assert done.returncode == 3 and f"not applied here: {FIRST}, {SECOND}" in done.stderr
    apply(twin, project.ok("upgrade", SECOND, "--sql").stdout)
    apply(twin, script)
    assert list(states(twin.database)) == [FIRST, SECOND, THIRD, FOURTH]


def test_a_mapping_that_the_script_does_not_know(two):
    project, twin = two
    project.revision("aaaaaaaaaaa5", "-- sluice: expand\nALTER TABLE users ADD COLUMN shown int;\n"
                     "-- sluice: sync users\nSELECT seen AS shown;\n", revises=FOURTH)
    script = project.ok("upgrade", f"{FOURTH}:heads", "--sql").stdout
    apply(twin, project.ok("upgrade", FOURTH, "--sql").stdout)
    done = psql(twin, script)
    assert done.returncode == 3 and SECOND in done.stderr and "in flight" in done.stderr
    assert "shown" not in columns(twin.database)


def test_one_migrator_at_a_time(two):
    project, twin = two
    twin.ok("ensure-version")
    session = twin.database.connect()
    session.cursor().execute("SELECT pg_advisory_lock((20942::bigint << 48) | (1::bigint << 40))")
    done = psql(twin, project.ok("upgrade", "--sql").stdout)
    assert done.returncode == 3 and "another sluice" in done.stderr
    session.close()


def test_a_failure_stops_it_and_the_next_run_goes_on(two):
    project, twin = two
    script = project.ok("upgrade", "--sql").stdout
    apply(twin, project.ok("upgrade", FIRST, "--sql").stdout)
    session = twin.database.connect(autocommit=False)
    session.cursor().execute("LOCK TABLE users IN ACCESS SHARE MODE")
    done = psql(twin, script)
    assert done.returncode == 3 and "lock timeout" in done.stderr
    assert list(states(twin.database)) == [FIRST]
    session.rollback()
    session.close()
    apply(twin, script, "-v", "lock_timeout=5s")
    assert len(states(twin.database)) == 4


def test_downgrade(two):
    project, twin = two
    apply(twin, project.ok("upgrade", "--sql").stdout)
    script = project.ok("downgrade", f"heads:{FIRST}", "--sql", env={"DATABASE_URL": ""}).stdout
    apply(twin, script)
    project.ok("upgrade", FIRST)
    same(project, twin)
    apply(twin, script)


def test_downgrade_of_what_is_contracted(two):
    project, twin = two
    apply(twin, project.ok("upgrade", "--sql", "--phases", "all").stdout)
    done = psql(twin, project.ok("downgrade", f"{SECOND}:base", "--sql").stdout)
    assert done.returncode == 3 and f"{SECOND} is contracted" in done.stderr
    assert "display_name" in columns(twin.database)


def test_downgrade_needs_a_range(two):
    project, _ = two
    result = project.fails(2, "downgrade", FIRST, "--sql")
    assert f"head:{FIRST}" in result.stderr


def test_a_requirement_that_the_script_does_not_meet(two):
    project, twin = two
    write(project, "last", [FOURTH], requires=[SECOND])
    result = project.fails(8, "upgrade", "--sql")
    assert f"last requires {SECOND} contracted" in result.stderr and "--phases all" in result.stderr
    apply(twin, project.ok("upgrade", "--sql", "--phases", "all").stdout)
    assert states(twin.database)["last"] == "expanded"


@pytest.mark.parametrize("options", [("--phases", "all"), ("--sql", "--phases", "finish"),
                                     ("--sql", "--phases", "expand,contract"), ("--sql", "--fresh"),
                                     ("--sql", "--dry-run"), ("--sql", "nobody")])
def test_what_makes_no_script(two, options):
    project, _ = two
    result = project.fails(2, "upgrade", *options)
    assert result.stdout == ""


def test_a_statement_that_fails_is_found_before_anybody_runs_it(two):
    project, _ = two
    write(project, "bad", [FOURTH], body="-- sluice: expand\nALTER TABLE nobody ADD COLUMN a int;\n")
    result = project.fails(5, "upgrade", "--sql")
    assert "private server" in result.stderr and "nobody" in result.stderr
    assert result.stdout == ""


def test_ensure_version_as_a_script(project, database):
    project.database = database
    script = project.ok("ensure-version", "--sql", env={"DATABASE_URL": ""}).stdout
    apply(project, script)
    apply(project, script)
    assert "nothing to do" in project.ok("ensure-version").stdout
    versions = project.json("ensure-version")["version"]
    assert database.query("SELECT version FROM sluice.ledger ORDER BY 1") == \
        [(version,) for version in range(1, versions + 1)]


def test_ensure_version(project, database):
    assert not has_ledger(database)
    assert project.json("ensure-version")["before"] == 0
    assert has_ledger(database)
    assert project.json("ensure-version")["before"] == project.json("ensure-version")["version"]


def test_no_server_is_left(two):
    project, _ = two
    with tempfile.TemporaryDirectory(prefix="sluice-offline-") as folder:
        os.chmod(folder, 0o755)
        project.ok("upgrade", "--sql", env={"TMPDIR": folder})
        assert os.listdir(folder) == []
