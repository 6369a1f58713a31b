"""`sluice lint --fix` in revisions: a statement becomes several, each in the section where it belongs.

Each case is fixed to the letter, linted again, and run by `upgrade`, `backfill` and `contract` on rows;
what comes out is compared with what the statements of the case make when they run as they stand.
"""
import re

import pytest

from conftest import Project, run_sluice
from test_lint_fix import psql, schema

GIVEN = """CREATE TABLE orgs (id bigint PRIMARY KEY, name text);
CREATE TABLE users (id bigint PRIMARY KEY, name text, email text, age int, org_id bigint);
CREATE INDEX users_email ON users (email);
CREATE INDEX users_org ON users (org_id);
"""
ROWS = """INSERT INTO orgs SELECT i, 'org ' || i FROM generate_series(1, 9) i;
INSERT INTO users SELECT i, 'name ' || i, i || '@example.org', i, i % 9 + 1 FROM generate_series(1, 200) i;
"""
REVISION = "bbbbbbbbbbb2"


def sections(text):
    """Section -> its lines without comments, of a revision's file or of a case."""
    found, name = {}, None
    for line in text.splitlines():
        if match := re.match(r"-- sluice: (expand|sync users|backfill|finish|contract|downgrade)$", line):
            name = match[1]
            found[name] = []
        elif name and (code := line.split("--")[0].rstrip()):
            found[name].append(code)
    return found


# Name -> (before, after), bodies of a revision.
CASES = {
    "CHECK": ("""
-- sluice: expand
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0);
""", """
-- sluice: expand
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0) NOT VALID;
-- sluice: finish
ALTER TABLE users VALIDATE CONSTRAINT adult;
"""),
    "FOREIGN KEY, and more in one ALTER": ("""
-- sluice: expand
ALTER TABLE users ADD COLUMN nick text,
    ADD CONSTRAINT users_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id);
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT users_org_fkey, DROP COLUMN nick;
""", """
-- sluice: expand
ALTER TABLE users ADD COLUMN nick text;
ALTER TABLE users ADD CONSTRAINT users_org_fkey FOREIGN KEY (org_id) REFERENCES orgs (id) NOT VALID;
-- sluice: finish
ALTER TABLE users VALIDATE CONSTRAINT users_org_fkey;
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT users_org_fkey, DROP COLUMN nick;
"""),
    "in finish it stays there": ("""
-- sluice: finish
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0);
CREATE INDEX users_name ON users (name);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
""", """
-- sluice: finish
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT adult;
CREATE INDEX CONCURRENTLY users_name ON users (name);
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
"""),
    "what a column brings": ("""
-- sluice: expand
ALTER TABLE users ADD COLUMN boss bigint REFERENCES users (id) CHECK (boss > 0);
-- sluice: finish
CREATE INDEX CONCURRENTLY users_boss ON users (boss);
-- sluice: downgrade
ALTER TABLE users DROP COLUMN boss;
""", """
-- sluice: expand
ALTER TABLE users ADD COLUMN boss bigint;
ALTER TABLE users ADD CONSTRAINT users_boss_check CHECK (boss > 0) NOT VALID;
ALTER TABLE users ADD CONSTRAINT users_boss_fkey FOREIGN KEY (boss) REFERENCES users (id) NOT VALID;
-- sluice: finish
ALTER TABLE users VALIDATE CONSTRAINT users_boss_check;
ALTER TABLE users VALIDATE CONSTRAINT users_boss_fkey;
CREATE INDEX CONCURRENTLY users_boss ON users (boss);
-- sluice: downgrade
ALTER TABLE users DROP COLUMN boss;
"""),
    "UNIQUE": ("""
-- sluice: expand
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT users_email_key;
""", """
-- sluice: expand
CREATE UNIQUE INDEX CONCURRENTLY users_email_key ON users (email);
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE USING INDEX users_email_key;
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT users_email_key;
"""),
    "SET NOT NULL": ("""
-- sluice: expand
ALTER TABLE users ALTER COLUMN name SET NOT NULL;
ALTER TABLE users ADD COLUMN nick text;
-- sluice: downgrade
ALTER TABLE users DROP COLUMN nick;
""", """
-- sluice: expand
ALTER TABLE users ADD COLUMN nick text;
-- sluice: finish
ALTER TABLE users ADD CONSTRAINT users_name_not_null CHECK (name IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_name_not_null;
-- sluice: contract
ALTER TABLE users ALTER COLUMN name SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_name_not_null;
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT IF EXISTS users_name_not_null;
ALTER TABLE users DROP COLUMN nick;
"""),
    "a volatile default": ("""
-- sluice: expand
ALTER TABLE users ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
-- sluice: downgrade
ALTER TABLE users DROP COLUMN token;
""", """
-- sluice: expand
ALTER TABLE users ADD COLUMN token uuid;
ALTER TABLE users ALTER COLUMN token SET DEFAULT gen_random_uuid();
-- sluice: backfill
UPDATE users SET token = gen_random_uuid() WHERE token IS NULL;
-- sluice: finish
ALTER TABLE users ADD CONSTRAINT users_token_not_null CHECK (token IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_token_not_null;
-- sluice: contract
ALTER TABLE users ALTER COLUMN token SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_token_not_null;
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT IF EXISTS users_token_not_null;
ALTER TABLE users DROP COLUMN token;
"""),
    "what destroys": ("""
-- sluice: expand
ALTER TABLE users DROP COLUMN age;
ALTER TABLE users ADD COLUMN nick text;
-- sluice: contract
ALTER TABLE users DROP COLUMN email;
""", """
-- sluice: expand
ALTER TABLE users ADD COLUMN nick text;
-- sluice: contract
ALTER TABLE users DROP COLUMN age;
ALTER TABLE users DROP COLUMN email;
"""),
    "rows": ("""
-- sluice: expand
ALTER TABLE users ADD COLUMN nick text;
UPDATE users SET nick = name WHERE nick IS NULL AND name IS NOT NULL;
""", """
-- sluice: expand
ALTER TABLE users ADD COLUMN nick text;
-- sluice: backfill
UPDATE users SET nick = name WHERE nick IS NULL AND name IS NOT NULL;
"""),
    "VALIDATE under a lock": ("""
-- sluice: expand
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0) NOT VALID, VALIDATE CONSTRAINT adult;
""", """
-- sluice: expand
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0) NOT VALID;
-- sluice: finish
ALTER TABLE users VALIDATE CONSTRAINT adult;
"""),
    "beside a mapping": ("""
-- sluice: expand
ALTER TABLE users ADD COLUMN full_name text;
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0);
-- sluice: sync users
SELECT name AS full_name;
-- sluice: finish
CREATE INDEX users_full_name ON users (full_name);
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT adult;
ALTER TABLE users DROP COLUMN full_name;
""", """
-- sluice: expand
ALTER TABLE users ADD COLUMN full_name text;
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0) NOT VALID;
-- sluice: sync users
SELECT name AS full_name;
-- sluice: finish
ALTER TABLE users VALIDATE CONSTRAINT adult;
CREATE INDEX CONCURRENTLY users_full_name ON users (full_name);
-- sluice: downgrade
ALTER TABLE users DROP CONSTRAINT adult;
ALTER TABLE users DROP COLUMN full_name;
"""),
    "in contract they are proven there": ("""
-- sluice: contract
ALTER TABLE users ALTER COLUMN name SET NOT NULL;
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0);
DROP INDEX users_org, users_email;
""", """
-- sluice: contract
ALTER TABLE users ADD CONSTRAINT users_name_not_null CHECK (name IS NOT NULL) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT users_name_not_null;
ALTER TABLE users ALTER COLUMN name SET NOT NULL;
ALTER TABLE users DROP CONSTRAINT users_name_not_null;
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0) NOT VALID;
ALTER TABLE users VALIDATE CONSTRAINT adult;
DROP INDEX CONCURRENTLY users_org;
DROP INDEX CONCURRENTLY users_email;
"""),
}
# What is left as it is, and why.
LEFT = {
    "a name that is used later": """
-- sluice: expand
ALTER TABLE users DROP COLUMN age;
ALTER TABLE users ADD COLUMN age bigint;
""",
    "the way back of what would not be gone": """
-- sluice: expand
ALTER TABLE users DROP COLUMN age;
-- sluice: downgrade
ALTER TABLE users ADD COLUMN age int;
""",
    "a rename has no later": """
-- sluice: expand
ALTER TABLE users RENAME COLUMN age TO years;
""",
    "a derived backfill stays derived": """
-- sluice: expand
ALTER TABLE users ADD COLUMN full_name text;
ALTER TABLE orgs ADD COLUMN token uuid DEFAULT gen_random_uuid();
-- sluice: sync users
SELECT name AS full_name;
""",
    "an index would part the columns of a mapping": """
-- sluice: expand
ALTER TABLE users ADD COLUMN full_name text;
ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email);
-- sluice: sync users
SELECT name AS full_name;
""",
    "a primary key makes NOT NULL": """
-- sluice: expand
ALTER TABLE orgs DROP CONSTRAINT orgs_pkey;
ALTER TABLE orgs ADD PRIMARY KEY (name);
""",
    "a comment within": """
-- sluice: expand
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0 /* years */);
""",
    "what was allowed": """
-- sluice: expand
-- sluice: allow constraint-check-validates because there are ten users
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0);
""",
    "what goes before it could be validated": """
-- sluice: expand
ALTER TABLE users ADD CONSTRAINT adult CHECK (age > 0);
CREATE INDEX CONCURRENTLY users_age ON users (age);
ALTER TABLE users DROP CONSTRAINT adult;
""",
    "rows that a later statement reads": """
-- sluice: expand
UPDATE users SET age = 1 WHERE age IS NULL;
CREATE TABLE ages AS SELECT age FROM users;
""",
    "a cutover is one transaction": """
-- sluice: cutover
CREATE INDEX users_name ON users (name);
""",
}


HEADER = f"-- Revision: {REVISION}\n-- Revises:\n-- Title: change\n\n"


def fixed(folder, body):
    """The file after --fix, and the findings of both."""
    path = folder / "revision.sql"
    path.write_text(HEADER + body.lstrip())
    (folder / "given.sql").write_text(GIVEN)
    before = lint(folder)
    done = run_sluice("lint", "--fix", "--seed", "given.sql", path.name, cwd=folder)
    assert done.returncode in (0, 9), done
    return path.read_text(), before, lint(folder)


def lint(folder):
    done = run_sluice("lint", "--format", "json", "--seed", "given.sql", "revision.sql", cwd=folder)
    assert done.returncode in (0, 9), done
    return done.json["findings"]


@pytest.mark.parametrize("name", CASES)
def test_it_becomes(tmp_path, name):
    before, after = CASES[name]
    text, found, left = fixed(tmp_path, before)
    assert sections(text) == sections(after)
    assert text.startswith(HEADER)
    assert not [one for one in left if one["fix"]]
    known = {one["rule"] for one in found}
    assert not [one for one in left if one["level"] != "note" and one["rule"] not in known], left


@pytest.mark.parametrize("name", LEFT)
def test_it_stays(tmp_path, name):
    text, _, _ = fixed(tmp_path, LEFT[name])
    assert text == HEADER + LEFT[name].lstrip()


def plain(body):
    """The statements of all phases in the order of their life, as psql runs them."""
    parts = sections(body)
    return "\n".join(line for name in ("expand", "backfill", "finish", "contract")
                     for line in parts.get(name, []))


def without_ledger(url):
    """The schema but for sluice's own."""
    lines = [line for line in schema(url) if line and not line.startswith("--")]
    return [line for line in lines if "sluice" not in line]


@pytest.mark.parametrize("name", CASES)
def test_sluice_runs_it(tmp_path, server, database, name):
    before, _ = CASES[name]
    text, _, _ = fixed(tmp_path, before)
    other = server.create_database()
    try:
        for each in (database, other):
            assert psql(each.url, GIVEN + ROWS) == ""
        project = Project(tmp_path / "project", database)
        project.settings("gate: {quiet: 0s}\n")
        (project.migrations / "20261122_change.sql").write_text(text)
        project.ok("upgrade")
        assert psql(other.url, plain(before)) == ""
        if "-- sluice: downgrade" in text:
            project.ok("downgrade", "base")
            project.ok("upgrade")
        project.ok("backfill", "run")
        if "-- sluice: downgrade" in text:
            project.ok("downgrade", "base")
            project.ok("upgrade", "--backfill")
        if "-- sluice: sync" in text:
            database.execute("DROP SCHEMA IF EXISTS sluice CASCADE")
        elif "-- sluice: contract" in text:
            project.ok("contract", REVISION)
        database.execute("DROP SCHEMA IF EXISTS sluice CASCADE")
        assert without_ledger(database.url) == without_ledger(other.url)
    finally:
        server.drop_database(other)
