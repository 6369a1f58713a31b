"""Two versions of an app at work on one table, for the tests of each case of sync.

A case is a table, a revision and what each version writes; Apps takes it from the expand through
the backfill to the contract.
"""
import contextlib

import psycopg2
import pytest

REVISION = "5c0000000001"
SETTINGS = """app:
  name: shop
  versions:
    "1.0": {{}}
    "1.5": {{built_on: {first}}}
    "2.0": {{built_on: {last}}}
gate: {{quiet: 0s}}
backfill: {{range_pages: 16, parts: 4, duty_cycle: 100%}}
"""


class Apps:
    """A session of each version, and the revision that stands between the two."""

    def __init__(self, project, database):
        self.project, self.database = project, database
        self._old = database.connect(application_name="shop/1.0")
        self._new = database.connect(application_name="shop/2.0")

    def expand(self, body, revision=REVISION, revises=None):
        """Writes the revision and expands it; nothing is filled yet."""
        self.project.settings(SETTINGS.format(first=REVISION, last=revision))
        self.project.revision(revision, body, revises=revises)
        self.project.ok("upgrade")

    def old(self, sql, *values):
        return self._run(self._old, sql, values)

    def new(self, sql, *values):
        return self._run(self._new, sql, values)

    def middle(self, sql, *values):
        """A version built on the first of two revisions."""
        session = self.database.connect(application_name="shop/1.5")
        try:
            return self._run(session, sql, values)
        finally:
            session.close()

    def both(self, sql, *values):
        self.old(sql, *values)
        self.new(sql, *values)

    def fill(self):
        """The backfill and finish; every row must be in parity behind it."""
        self.project.ok("backfill", "run")
        self.project.ok("backfill", "verify")

    def old_leaves(self):
        self._old.close()

    def contract(self, revision=REVISION):
        """The old version leaves; the columns that only it knew go, and so do their triggers."""
        self.old_leaves()
        self.project.ok("backfill", "verify", revision)
        if self.state(revision) == "backfilled":
            self.project.ok("cutover", revision)
        self.project.ok("contract", revision)
        if self.database.value("SELECT count(*) FROM sluice.mapping") == 0:
            self.nothing_left()

    def nothing_left(self):
        assert self.database.query(
            "SELECT tgname FROM pg_trigger WHERE tgname ~ 'sluice' UNION ALL "
            "SELECT conname FROM pg_constraint WHERE conname ~ 'sluice' "
            "AND connamespace <> 'sluice'::regnamespace") == []

    def state(self, revision):
        return self.database.value("SELECT state FROM sluice.revision WHERE id = %s", revision)

    def close(self):
        self._old.close()
        self._new.close()

    @staticmethod
    def _run(session, sql, values):
        with session.cursor() as cursor:
            cursor.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else []


def revision(table, column, forward, reverse=None, contract=None, promise=""):
    """The body of a revision: columns to add, the mapping, the columns to drop at contract."""
    text = f"-- sluice: expand\nALTER TABLE {table} {column};\n" \
           f"-- sluice: sync {table}\n{promise}SELECT {forward};\n"
    if reverse:
        text += f"-- sluice: sync {table} reverse\nSELECT {reverse};\n"
    if contract:
        text += f"-- sluice: contract\nALTER TABLE {table} {contract};\n"
    return text


@contextlib.contextmanager
def fails_with(sqlstate):
    """The statement within must fail so."""
    try:
        yield
    except psycopg2.Error as error:
        assert error.pgcode == sqlstate, error
    else:
        raise AssertionError(f"no error {sqlstate}")


@pytest.fixture
def apps(project, database):
    it = Apps(project, database)
    yield it
    it.close()


def make(database, rows=5):
    """Table t, whose column a the cases map onto b."""
    database.execute("CREATE TABLE t (id int PRIMARY KEY, a text NOT NULL, n int NOT NULL DEFAULT 0)")
    database.execute("INSERT INTO t SELECT i, 'A' || i FROM generate_series(1, %s) i", rows)


def rows_of(database, where="true"):
    return database.query(f"SELECT id, a, b FROM t WHERE {where} ORDER BY id")
