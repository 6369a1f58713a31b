"""A folder of the real Alembic beside a sluice project, with the same revisions in both."""
import configparser
import pathlib
import subprocess
import urllib.parse

import pytest

INI = """[alembic]
script_location = {folder}
[loggers]
keys = root
[handlers]
keys = console
[formatters]
keys = plain
[logger_root]
level = WARN
handlers = console
[handler_console]
class = StreamHandler
args = (sys.stderr,)
formatter = plain
[formatter_plain]
format = %(message)s
"""
ENVIRONMENT = """from alembic import context
import os, psycopg2, sqlalchemy
engine = sqlalchemy.create_engine("postgresql+psycopg2://",
                                  creator=lambda: psycopg2.connect(os.environ["DATABASE_URL"]))
with engine.connect() as connection:
    context.configure(connection=connection, transaction_per_migration={each},
                      version_table_schema={schema!r})
    with context.begin_transaction():
        context.run_migrations()
"""
REVISION = '''"""{title}"""
from alembic import op
revision = {id!r}
down_revision = {revises!r}
branch_labels = None
depends_on = {requires!r}


def upgrade():
    op.execute("CREATE TABLE t_{id} (id int)")


def downgrade():
    op.execute("DROP TABLE t_{id}")
'''


class Alembic:
    """The real one, on the project's database."""

    def __init__(self, project, each=False, schema=None):
        self.project = project
        self.folder = project.folder / "alembic"
        (self.folder / "versions").mkdir(parents=True)
        self.ini = project.folder / "alembic.ini"
        self.ini.write_text(INI.format(folder=self.folder))
        (self.folder / "env.py").write_text(ENVIRONMENT.format(each=each, schema=schema))

    def add(self, revision, revises=(), requires=()):
        """The same revision in both folders: it makes table t_<id>."""
        one = {0: None, 1: (list(revises) or [None])[0]}.get(len(revises), tuple(revises))
        path = self.folder / "versions" / f"{revision}.py"
        path.write_text(REVISION.format(id=revision, title=f"change {revision}", revises=one,
                                        requires=tuple(requires) or None))
        self.add_to_sluice(revision, revises, requires)

    def add_to_sluice(self, revision, revises=(), requires=()):
        lines = [f"-- Revision: {revision}", f"-- Title: change {revision}"]
        lines += [f"-- Revises: {', '.join(revises)}"] if revises else []
        lines += [f"-- Requires: {', '.join(requires)}"] if requires else []
        lines += ["", "-- sluice: expand", f"CREATE TABLE t_{revision} (id int);", "",
                  "-- sluice: downgrade", f"DROP TABLE t_{revision};", ""]
        (self.project.migrations / f"{revision}.sql").write_text("\n".join(lines))

    def run(self, *args):
        return subprocess.run(["/usr/bin/alembic", "-c", str(self.ini), *args], text=True,
                              env=self.project.env, capture_output=True, timeout=120)

    def ok(self, *args):
        done = self.run(*args)
        assert done.returncode == 0, (args, done.stdout, done.stderr)
        return done.stdout

    def current(self):
        """The ids that Alembic itself says it is at."""
        return {line.split()[0] for line in self.ok("current").splitlines() if line.strip()}


def rows(database, table="alembic_version"):
    return {row[0] for row in database.query(f"SELECT version_num FROM {table}")}


def tables(database):
    """The revisions whose table is there."""
    return {row[0][2:] for row in database.query(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname LIKE 't\\_%'")}


def applied(project):
    """What sluice says is applied: id -> origin."""
    return {row["id"] for row in project.json("current")["revisions"]}


@pytest.fixture
def alembic(project):
    return Alembic(project)
