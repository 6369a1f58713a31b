"""Commands on many databases: a list, what a query yields, the tenants' schemas of one."""
import os
import re
import signal

import pytest

from conftest import Project, Server, wait_until
from upgrade_fixtures import ADD, FIRST, SECOND, THIRD, USERS

BROKEN = "-- sluice: expand\nALTER TABLE users ADD CONSTRAINT seen_known CHECK (seen > 0) NOT VALID;\n"
N = 20


def outcomes(result):
    return {entry["name"]: entry["result"] for entry in result["databases"]}


def tenants_at(database, revision):
    return {tenant for (tenant,) in database.query(
        "SELECT tenant FROM sluice.schema_state WHERE revision = %s AND state = 'expanded'",
        revision)}


def names(n=N):
    return {f"tenant_{i}" for i in range(1, n + 1)}


@pytest.fixture
def tenants(project, database):
    """Twenty tenants that have the first revision, and a second one that waits."""
    project.settings("databases: {schemas: 'tenant_*', jobs: 3}\n")
    project.revision(FIRST, USERS)
    database.execute("".join(f"CREATE SCHEMA {name};" for name in sorted(names())))
    project.ok("upgrade")
    project.revision(SECOND, ADD, revises=FIRST)
    return project


@pytest.fixture
def three(tmp_path, server):
    """A project on three databases: a, b and c."""
    databases = {name: server.create_database() for name in "abc"}
    project = Project(tmp_path / "three")
    project.settings("databases:\n" + "".join(
        f"  - {{name: {name}, url: \"{it.url}\"}}\n" for name, it in databases.items()))
    project.revision(FIRST, USERS)
    yield project, databases
    for it in databases.values():
        server.drop_database(it)


# --- tenants --------------------------------------------------------------------------------------

def test_all_tenants_are_upgraded(tenants, database):
    result = tenants.json("upgrade")
    assert outcomes(result) == dict.fromkeys(names(), "done")
    assert result["counts"] == {"not begun": 0, "up to date": 0, "done": N, "failed": 0}
    assert result["databases"][0]["done"][0]["revision"] == SECOND
    assert tenants_at(database, SECOND) == names()
    assert outcomes(tenants.json("upgrade")) == dict.fromkeys(names(), "up to date")


def test_only_those_behind_are_touched(tenants, database):
    tenants.ok("upgrade", "-o", "database.schema=tenant_7")
    assert tenants_at(database, SECOND) == {"tenant_7"}
    result = outcomes(tenants.json("upgrade"))
    assert {name for name, it in result.items() if it == "up to date"} == {"tenant_7"}
    assert tenants_at(database, SECOND) == names()


def test_up_to_date_costs_two_sessions_and_a_few_queries(tmp_path):
    server = Server("--tcp", "-c", "log_statement=all", "-c", "log_connections=on")
    try:
        database = server.create_database()
        project = Project(tmp_path / "project", database)
        project.settings("databases: {schemas: 'tenant_*'}\n")
        project.revision(FIRST, USERS)
        database.execute("".join(f"CREATE SCHEMA {name};" for name in sorted(names(100))))
        project.ok("upgrade")

        def lines():
            log = os.path.join(server.folder, "server.log")
            with open(log, encoding="utf-8", errors="replace") as file:
                return [line for line in file if re.search(
                    r"sluice/\S+ LOG:  (statement|execute)|connection authorized.*=sluice/", line)]

        for command in (("upgrade",), ("status",), ("current",), ("wait", "--timeout", "5s")):
            before = len(lines())
            project.ok(*command)
            after = lines()[before:]
            assert len(after) <= 7, after
            assert len([line for line in after if "authorized" in line]) <= 2, after
    finally:
        server.close()


def test_one_that_fails_stops_no_other(tenants, database):
    database.execute("ALTER TABLE tenant_5.users ADD COLUMN added text")
    result = tenants.fails(5, "upgrade", "--format", "json").json
    assert {name for name, it in outcomes(result).items() if it == "failed"} == {"tenant_5"}
    assert tenants_at(database, SECOND) == names() - {"tenant_5"}
    failed = next(it for it in result["databases"] if it["name"] == "tenant_5")
    assert "already exists" in failed["error"]["message"]
    assert "upgrade failed in 1 of 20: tenant_5: " in result["error"]["message"]
    status = tenants.json("status")
    assert {it["name"] for it in status["databases"] if it["behind"]} == {"tenant_5"}
    tenants.fails(8, "wait", "--timeout", "1s")

    database.execute("ALTER TABLE tenant_5.users DROP COLUMN added")
    assert {name for name, it in outcomes(tenants.json("upgrade")).items() if it == "done"} == {
        "tenant_5"}
    tenants.ok("wait", "--timeout", "1s")


def test_a_canary_that_fails_stops_before_the_others(tenants, database):
    tenants.settings("databases: {schemas: 'tenant_*', canary: [tenant_3, tenant_4]}\n")
    database.execute("ALTER TABLE tenant_4.users ADD COLUMN added text")
    result = tenants.fails(5, "upgrade", "--format", "json").json
    assert outcomes(result)["tenant_3"] == "done"
    assert result["counts"] == {"not begun": 18, "up to date": 0, "done": 1, "failed": 1}
    assert tenants_at(database, SECOND) == {"tenant_3"}
    assert "18 not begun, for a canary failed: tenant_4" in result["error"]["message"]
    database.execute("ALTER TABLE tenant_4.users DROP COLUMN added")
    tenants.ok("upgrade")
    assert tenants_at(database, SECOND) == names()


def test_killed_in_the_middle_it_goes_on(tenants, database):
    blocker = database.connect(autocommit=False)
    blocker.cursor().execute("SELECT * FROM tenant_9.users")
    process = tenants.start("upgrade", "--jobs", "2")
    wait_until(lambda: len(tenants_at(database, SECOND)) > 5, what="some tenants are upgraded")
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert "tenant_9" not in tenants_at(database, SECOND)
    blocker.rollback()
    blocker.close()
    done = tenants_at(database, SECOND)
    result = outcomes(tenants.json("upgrade"))
    assert {name for name, it in result.items() if it == "up to date"} >= done
    assert tenants_at(database, SECOND) == names()


def test_an_interrupt_lets_no_other_begin(tenants, database):
    blocker = database.connect(autocommit=False)
    blocker.cursor().execute("SELECT * FROM tenant_1.users")
    process = tenants.start("upgrade", "--jobs", "1", "--format", "json")
    wait_until(lambda: database.value("SELECT count(*) FROM pg_stat_activity WHERE "
                                      "application_name = 'sluice/upgrade'") > 0, what="it began")
    wait_until(lambda: database.value("SELECT count(*) FROM pg_locks "
                                      "WHERE locktype = 'advisory'") > 0, what="a tenant is entered")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == 130
    assert tenants_at(database, SECOND) == set()
    blocker.rollback()
    blocker.close()
    tenants.ok("upgrade")
    assert tenants_at(database, SECOND) == names()


def test_a_new_tenant(tenants, database):
    tenants.ok("upgrade")
    database.execute("CREATE SCHEMA tenant_21")
    status = {it["name"]: it["behind"] for it in tenants.json("status")["databases"]}
    assert status["tenant_21"] == 2 and status["tenant_1"] == 0
    result = tenants.json("upgrade")
    assert outcomes(result)["tenant_21"] == "done"
    assert result["counts"]["up to date"] == N


def test_a_dry_run_tells_what_each_would_get(tenants, database):
    tenants.ok("upgrade", "--only", "tenant_1?")
    before = database.query("SELECT * FROM sluice.revision ORDER BY id")
    result = tenants.json("upgrade", "--dry-run")
    assert outcomes(result)["tenant_2"] == "to do" and outcomes(result)["tenant_11"] == "up to date"
    assert [it["pending"] for it in result["databases"] if it["name"] == "tenant_2"] == [[SECOND]]
    assert database.query("SELECT * FROM sluice.revision ORDER BY id") == before


def test_alike_tenants_share_a_row(tenants):
    tenants.ok("upgrade", "--only", "tenant_7")
    lines = tenants.ok("status").stdout.splitlines()
    assert len(lines) == 3
    assert re.match(rf"19 +{FIRST} +1 +1 +- +tenant_1, tenant_10, tenant_11, \.\.", lines[1])
    assert re.match(rf"1 +{SECOND} +2 +0 +- +tenant_7", lines[2])
    assert re.match(rf"19 +{FIRST} +1 +tenant_1, ", tenants.ok("current").stdout.splitlines()[1])


def test_a_file_that_is_wrong_is_said_once(tenants, database):
    tenants.revision(THIRD, "-- sluice: expand\nALTER TABEL users;\n", revises=SECOND)
    result = tenants.fails(5, "upgrade")
    assert result.stderr.count("TABEL") == 1
    assert tenants_at(database, SECOND) == set()


def test_words_that_mean_one_thing_only(tenants):
    assert "another revision in each" in tenants.fails(2, "upgrade", "+1").stderr
    assert "no database is called 'tenant_99'" in tenants.fails(
        2, "upgrade", "--only", "tenant_99").stderr
    refused = tenants.fails(2, "backfill", "run").stderr
    assert "sluice.yaml names many" in refused and "database.schema=NAME" in refused
    assert "sluice.yaml names many" in tenants.fails(2, "downgrade", "base").stderr
    tenants.settings("")
    assert "there is one" in tenants.fails(2, "status", "--only", "tenant_1").stderr


# --- databases ------------------------------------------------------------------------------------

def test_a_list_of_databases(three):
    project, databases = three
    assert outcomes(project.json("upgrade")) == {"a": "done", "b": "done", "c": "done"}
    for it in databases.values():
        assert it.value("SELECT count(*) FROM users") == 0
    assert outcomes(project.json("upgrade")) == dict.fromkeys("abc", "up to date")
    databases["b"].execute("DROP SCHEMA sluice CASCADE; DROP TABLE users")
    assert [it["behind"] for it in project.json("status")["databases"]] == [0, 1, 0]


def test_one_that_does_not_answer(three):
    project, databases = three
    text = (project.folder / "sluice.yaml").read_text()
    project.settings(text + "  - {name: gone, url: 'postgresql://u:hush@127.0.0.1:1/x'}\n")
    result = project.fails(4, "upgrade")
    assert "hush" not in result.stdout + result.stderr
    assert "upgrade failed in 1 of 4: gone: " in result.stderr
    assert databases["c"].value("SELECT count(*) FROM users") == 0
    assert project.fails(4, "status").stdout.count("a, b, c") == 1


def test_a_query_yields_them(three, database):
    project, databases = three
    database.execute("CREATE TABLE shard (url text, name text)")
    for name, it in databases.items():
        database.execute("INSERT INTO shard VALUES (%s, %s)", it.url, name)
    project.settings("databases: {query: 'SELECT url, name FROM shard', canary: [b]}\n")
    project.env["DATABASE_URL"] = database.url
    assert outcomes(project.json("upgrade")) == {"a": "done", "b": "done", "c": "done"}
    project.ok("upgrade", "--database", database.url)
    assert database.value("SELECT count(*) FROM users") == 0
