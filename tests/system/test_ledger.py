"""The ledger: who makes it, what it refuses, and that its page in docs/ tells the truth."""
import re

import pytest

from conftest import ROOT, wait_until

PLAIN = "-- sluice: expand\nCREATE TABLE t (a int);\n"


@pytest.fixture
def ready(project):
    project.revision("aaaa1111", PLAIN)
    return project


@pytest.fixture
def role(database):
    """A role that may connect and nothing else, and a URL to connect as it."""
    name = f"role_{database.name}"
    database.execute(f"CREATE ROLE {name} LOGIN")
    yield name, {"DATABASE_URL": database.url.replace("postgres@", f"{name}@", 1)}
    database.execute(f"DROP OWNED BY {name} CASCADE; DROP ROLE {name}")


def test_the_first_upgrade_makes_it(ready, database):
    ready.ok("upgrade")
    newest = ready.json("ensure-version")["version"]
    assert database.query("SELECT version, upgraded_by, tool ~ '^sluice ' FROM sluice.ledger "
                          "ORDER BY 1") == \
        [(version, "tester@host", True) for version in range(1, newest + 1)]
    assert database.query("SELECT id, state, final, partly, applied_by FROM sluice.revision") == \
        [("aaaa1111", "expanded", True, None, "tester@host")]
    assert database.value("SELECT count(*) FROM sluice.section WHERE section = 'expand'") == 1


def make_next_version(database, version):
    """As a sluice of that version leaves it."""
    if version == 1:
        database.execute("CREATE SCHEMA sluice")
    database.execute((ROOT / f"sql/ledger-{version}.sql").read_text(encoding="utf-8"))
    database.execute("INSERT INTO sluice.ledger (version, tool, upgraded_by) "
                     "VALUES (%s, 'sluice 0.1', 'ada')", version)


def columns(database):
    """(table, column) -> (type, what an INSERT must give it) in the ledger."""
    return {row[:2]: row[2:] for row in database.query(
        "SELECT c.relname, a.attname, format_type(a.atttypid, a.atttypmod), "
        "       a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' "
        "FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid AND c.relkind IN ('r', 'v') "
        "WHERE c.relnamespace = 'sluice'::regnamespace AND a.attnum > 0 AND NOT a.attisdropped")}


def test_a_newer_ledger_takes_nothing_from_an_older_sluice_at_work(database):
    """Its statements must go on to work: no column goes, or changes, or must be given from then on."""
    make_next_version(database, 1)
    version = 2
    while (ROOT / f"sql/ledger-{version}.sql").exists():
        before = columns(database)
        make_next_version(database, version)
        after = columns(database)
        assert {it: after.get(it) for it in before} == before, f"ledger-{version}.sql"
        demanding = [it for it in after if it not in before and after[it][1]
                     and it[0] in {table for table, _ in before}]
        assert demanding == [], f"ledger-{version}.sql"
        version += 1
    assert version > 5


def test_what_was_last_said_is_found_without_the_whole_log(ready, database):
    ready.ok("upgrade")
    database.execute("INSERT INTO sluice.event (id, actor, kind, revision, text, previous, hash) "
                     "SELECT 1000 + i, 'x', (ARRAY['expanding', 'expanded', 'gate'])[1 + i %% 3], "
                     "'tenant_' || i %% 50 || '/' || i / 150, '', '', '' "
                     "FROM generate_series(1, %s) i", 20000)
    ready.revision("bbbb2222", "-- sluice: expand\nCREATE TABLE u (a int);\n", revises="aaaa1111")
    before = rows_read(database)
    for command in (["upgrade"], ["status"], ["events", "--revision", "aaaa1111"]):
        ready.ok(*command)
    assert rows_read(database) - before < 1000


def rows_read(database):
    """Of the log, by all sessions that have ended; each tells it when it ends."""
    wait_until(lambda: database.value("SELECT count(*) FROM pg_stat_activity "
                                      "WHERE datname = current_database()") == 1)
    return database.value("SELECT seq_tup_read + idx_tup_fetch FROM pg_stat_user_tables "
                          "WHERE schemaname = 'sluice' AND relname = 'event'")


def test_an_older_ledger_is_upgraded_by_who_writes(ready, database):
    make_next_version(database, 1)
    for command in (["current"], ["status"], ["upgrade", "--dry-run"]):
        stderr = ready.fails(8, *command).stderr
        assert "has version 1" in stderr and "sluice ensure-version" in stderr
    assert database.query("SELECT version FROM sluice.ledger") == [(1,)]
    ready.ok("upgrade")
    newest = ready.json("ensure-version")["version"]
    assert database.query("SELECT version FROM sluice.ledger ORDER BY 1") == \
        [(version,) for version in range(1, newest + 1)]
    assert database.query("SELECT id, state, origin FROM sluice.revision") == \
        [("aaaa1111", "expanded", "run")]


def test_a_newer_ledger_is_refused(ready, database):
    ready.ok("upgrade")
    database.execute("INSERT INTO sluice.ledger (version, tool, upgraded_by) "
                     "VALUES (7, 'sluice 9', 'eve')")
    ready.revision("bbbb2222", "-- sluice: expand\nCREATE TABLE u (a int);\n", revises="aaaa1111")
    for command in ("upgrade", "current", "status"):
        stderr = ready.fails(8, command).stderr
        assert "version 7" in stderr and "newer sluice" in stderr
    assert database.value("SELECT to_regclass('u') IS NULL")


def test_the_grant_is_named_that_making_it_needs(ready, database, role):
    name, env = role
    stderr = ready.fails(5, "upgrade", env=env).stderr
    assert f"GRANT CREATE ON DATABASE {database.name} TO {name}" in stderr
    assert f"CREATE SCHEMA sluice AUTHORIZATION {name}" in stderr
    assert database.value("SELECT to_regnamespace('sluice') IS NULL AND to_regclass('t') IS NULL")
    # Either of the two is enough.
    database.execute(f"CREATE SCHEMA sluice AUTHORIZATION {name}; "
                     f"GRANT CREATE ON SCHEMA public TO {name}")
    ready.ok("upgrade", env=env)
    assert database.value("SELECT tableowner FROM pg_tables WHERE tablename = 'revision'") == name


def test_the_grant_is_named_that_reading_it_needs(ready, database, role):
    name, env = role
    ready.ok("upgrade")
    for command in ("current", "status"):
        stderr = ready.fails(5, command, env=env).stderr
        assert "permission denied" in stderr
        assert f"GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO {name}" in stderr
    database.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA sluice TO {name}")
    assert "aaaa1111" in ready.ok("current", env=env).stdout


def test_a_schema_of_that_name_with_other_things_in_it(ready, database):
    """Ours is made beside them; nothing of theirs is touched."""
    database.execute("CREATE SCHEMA sluice; CREATE TABLE sluice.gate (water int)")
    ready.ok("upgrade")
    assert database.value("SELECT count(*) FROM sluice.gate") == 0


def selects():
    """(heading, statement) of each SQL block of docs/ledger.md."""
    heading, found = None, []
    text = (ROOT / "docs/ledger.md").read_text()
    for match in re.finditer(r"^## ([^\n]*)$|^```sql\n(.*?)^```", text, re.M | re.S):
        if match.group(1):
            heading = match.group(1)
        else:
            found.append((heading, match.group(2)))
    return found


@pytest.fixture
def lively(ready, database):
    """A ledger with a row of everything that the page asks for."""
    ready.revision("3f2a9c1b7d20", PLAIN.replace(" t ", " u "), revises="aaaa1111")
    ready.ok("upgrade")
    database.execute("""
        UPDATE sluice.revision SET final = false WHERE id = 'aaaa1111';
        INSERT INTO sluice.mapping (revision, schema_name, table_name, forward, reverse, installed_sql)
            VALUES ('aaaa1111', 'public', 't', 'a AS b', 'b AS a', 'CREATE TRIGGER ..');
        INSERT INTO sluice.backfill (revision, ordinal, relation, statement, end_page, range_pages, parts, size_before)
            VALUES ('aaaa1111', 1, 'public.t', 'UPDATE t ..', 10, 5, 2, 8192);
        INSERT INTO sluice.chunk (backfill, pass, first_page, end_page, parts, rows)
            SELECT id, 1, 0, 5, 2, 17 FROM sluice.backfill;
        INSERT INTO sluice.throttle (backfill, signal, cause, value, "limit")
            SELECT id, 'replica_lag', 'replica lag', 11, 10 FROM sluice.backfill;
        INSERT INTO sluice.rollout (app, to_version, plan_digest, plan) VALUES ('notes', '2.0', 'd1', '{}');
        INSERT INTO sluice.rollout_step (rollout, ordinal, kind, state)
            SELECT id, 0, 'expand', 'running' FROM sluice.rollout;
        INSERT INTO sluice.approval (gate, plan_digest, who) VALUES ('contract', 'd1', 'ada');
        """)
    return database


def test_every_statement_of_its_page_runs_and_finds_rows(lively):
    statements = selects()
    assert len(statements) >= 10
    connection = lively.connect(application_name="sluice/test")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock((20942::bigint << 48) | (1::bigint << 40))")
        for heading, statement in statements:
            cursor.execute(statement)
            rows = cursor.fetchall()
            if "'gate'" in statement:
                continue  # no gate has been asked here
            assert bool(rows) == ("lag(hash" not in statement), (heading, statement)
            if "lock_classes" in statement:
                names = [column.name for column in cursor.description]
                assert [1] in [row[names.index("lock_classes")] for row in rows]
    connection.close()


def test_the_page_names_every_table(lively):
    page = (ROOT / "docs/ledger.md").read_text()
    for (table,) in lively.query("SELECT tablename FROM pg_tables WHERE schemaname = 'sluice'"):
        assert f"| `{table}` |" in page, table


def test_the_chain_shows_what_was_changed(lively):
    verify = next(s for _, s in selects() if "lag(hash" in s)
    assert lively.query(verify) == []
    newest = lively.value("SELECT max(id) FROM sluice.event")
    lively.execute("UPDATE sluice.event SET text = 'nothing to see' WHERE id = %s", newest)
    assert lively.query(verify) == [(newest,)]
    embedded = (ROOT / "sql/verify-events.sql").read_text()
    assert verify.strip().rstrip(";") == re.sub(r"^--.*\n", "", embedded, flags=re.M).strip()


def test_an_app_needs_no_grant_to_ask_for_its_readiness(lively, role):
    name, _ = role
    connection = lively.connect(user=name)
    fits = next(s for heading, s in selects() if "app may ask" in heading)
    with connection.cursor() as cursor:
        cursor.execute(fits)
        assert cursor.fetchall() == [(True,)]
    connection.close()
