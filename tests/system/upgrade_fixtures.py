"""Revisions of a table users, what a database holds of them, and a sluice in the background."""
import threading

import pytest

from conftest import wait_until

FIRST, SECOND, THIRD = "aaaaaaaaaaa1", "aaaaaaaaaaa2", "aaaaaaaaaaa3"

USERS = """-- sluice: expand
CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL, seen int);

-- sluice: downgrade
DROP TABLE users;
"""
RENAME = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: finish
CREATE INDEX CONCURRENTLY users_display_name ON users (display_name);

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name;
"""
ADD = """-- sluice: expand
ALTER TABLE users ADD COLUMN added int;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN added;
"""


def columns(database, table="users"):
    rows = database.query("SELECT attname FROM pg_attribute WHERE attrelid = to_regclass(%s) "
                          "AND attnum > 0 AND NOT attisdropped ORDER BY attnum", table)
    return [name for (name,) in rows]


def states(database):
    return dict(database.query("SELECT id, state FROM sluice.revision ORDER BY ordinal"))


def steps(database, revision, phase="expand"):
    return database.query("SELECT ordinal, state, statement FROM sluice.step "
                          "WHERE revision = %s AND phase = %s ORDER BY ordinal", revision, phase)


def triggers(database):
    rows = database.query("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgname")
    return [name for (name,) in rows]


def has_ledger(database):
    return database.value("SELECT to_regnamespace('sluice') IS NOT NULL")


@pytest.fixture
def users(project, database):
    """A project whose first revision has made the table users, with rows."""
    project.revision(FIRST, USERS)
    project.ok("upgrade")
    database.execute("INSERT INTO users SELECT i, 'name ' || i, 0 FROM generate_series(1, 200) i")
    return project


class Started:
    """A sluice that runs in the background, its stderr gathered."""

    def __init__(self, project, *args, env=None):
        self.process = project.start(*args, env={**project.env, **(env or {})})
        self.lines = []
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def _read(self):
        for line in self.process.stderr:
            self.lines.append(line)

    @property
    def stderr(self):
        return "".join(self.lines)

    def wait_for(self, text, seconds=20):
        wait_until(lambda: text in self.stderr or self.process.poll() is not None, seconds,
                   f"{text!r} on stderr")
        assert text in self.stderr, self.stderr

    def end(self, status=0, timeout=30):
        stdout = self.process.stdout.read()
        self.process.wait(timeout)
        self.reader.join()
        assert self.process.returncode == status, stdout + self.stderr
        return stdout
