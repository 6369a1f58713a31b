"""`sluice import alembic`: a history made with the real Alembic, run by both, ends the same."""
import re

import pytest

from import_fixtures import findings, imported, need, other, run, schema

ENV = '''
from alembic import context
from sqlalchemy import MetaData, create_engine
import os

metadata = MetaData(naming_convention={"uq": "unique_%(table_name)s_%(column_0_name)s"})
if context.is_offline_mode():
    context.configure(url="postgresql://", target_metadata=metadata)
    context.run_migrations()
else:
    with create_engine(os.environ["URL"].replace("postgres://", "postgresql://")).connect() as it:
        context.configure(connection=it, target_metadata=metadata,
                          transaction_per_migration=True)
        with context.begin_transaction():
            context.run_migrations()
'''


class Alembic:
    """A project of the real Alembic."""

    def __init__(self, folder, database):
        self.folder, self.database = folder, database
        folder.mkdir()
        self("init", "db")
        (folder / "db/env.py").write_text(ENV)

    def __call__(self, *words, ok=True):
        return run("alembic", *words, cwd=self.folder, env={"URL": self.database.url}, ok=ok)

    def revision(self, revision, up, down, *options, title=None, replace=()):
        """Makes a revision as a user does, then writes its functions."""
        self("revision", "--rev-id", revision, "-m", title or f"change {revision}", *options)
        [path] = (self.folder / "db/versions").glob(f"{revision}_*.py")
        text = path.read_text()
        text = text.replace("def upgrade() -> None:\n    pass", "def upgrade() -> None:\n" + up)
        text = text.replace("def downgrade() -> None:\n    pass", "def downgrade() -> None:\n" + down)
        for old, new in replace:
            assert old in text, text
            text = text.replace(old, new)
        path.write_text(text)
        return path


@pytest.fixture
def alembic(tmp_path, other):
    need("alembic")
    return Alembic(tmp_path / "theirs", other)


def history(alembic):
    alembic.revision("a001", '''
    op.create_table("users", sa.Column("id", sa.Integer, primary_key=True),
                    sa.Column("name", sa.String(80), nullable=False),
                    sa.Column("age", sa.Integer, server_default="7"))
    op.execute("INSERT INTO users (name) VALUES ('100% ;-- it''s :x')".replace(":x", "x"))
''', '    op.drop_table("users")\n', title="create users: first; it's 100%")
    alembic.revision("b001", '''
    op.add_column("users", sa.Column("email", sa.Text()))
    op.create_unique_constraint(None, "users", ["email"])
    with op.get_context().autocommit_block():
        op.create_index("users_name", "users", ["name"], postgresql_concurrently=True)
''', '''
    op.drop_index("users_name", table_name="users")
    op.drop_column("users", "email")
''', "--head", "a001")
    alembic.revision("c001", '''
    op.create_table("shops", sa.Column("id", sa.BigInteger, primary_key=True),
                    sa.Column("owner", sa.Integer, sa.ForeignKey("users.id")))
    op.execute("CREATE TYPE mood AS ENUM ('sad')")
    with op.get_context().autocommit_block():
        op.execute("ALTER TYPE mood ADD VALUE 'ok'")
    op.execute("CREATE TABLE moods (mood mood DEFAULT 'ok')")
''', '''
    op.drop_table("moods")
    op.execute("DROP TYPE mood")
    op.drop_table("shops")
''', "--head", "a001", "--splice", "--branch-label", "shop")
    alembic.revision("c002", '''
    with op.batch_alter_table("shops") as batch:
        batch.add_column(sa.Column("title", sa.Text(), comment="what; it is called"))
        batch.alter_column("owner", nullable=False)
    op.execute("""CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  -- Running upgrade x -> y
  RETURN 1;
END $$""")
''', '''
    op.execute("DROP FUNCTION f()")
    with op.batch_alter_table("shops") as batch:
        batch.alter_column("owner", nullable=True)
        batch.drop_column("title")
''', "--head", "c001", "--depends-on", "b001")
    alembic("merge", "-m", "both", "--rev-id", "m001", "b001", "c002")
    alembic.revision("d001", '    op.drop_column("users", "age")\n',
                     '    op.add_column("users", sa.Column("age", sa.Integer, '
                     'server_default="7"))\n')


def test_same_schema_up_and_down(alembic, project, database):
    history(alembic)
    alembic("upgrade", "heads")
    result = imported(project, "alembic", alembic.folder)
    assert re.fullmatch(r"1\.\d+\.\d+", result["version"])
    assert [r["id"] for r in result["revisions"]] == ["a001", "b001", "c001", "c002", "m001",
                                                      "d001"]
    project.ok("upgrade")
    assert schema(database) == schema(alembic.database, "alembic_version")
    assert database.query("SELECT id, name FROM users") == \
        alembic.database.query("SELECT id, name FROM users")
    for target in ("c002", "a001"):
        project.ok("downgrade", target)
        alembic("downgrade", "m001" if target == "c002" else "a001")
        if target == "a001":
            assert schema(database).replace("\n", "") == \
                schema(alembic.database, "alembic_version").replace("\n", "")
    project.ok("downgrade", "base")
    alembic("downgrade", "base")
    assert schema(database) == schema(alembic.database, "alembic_version")


def test_graph_labels_dates_and_messages(alembic, project):
    history(alembic)
    project.ok("import", "alembic", alembic.folder / "db")
    texts = {path.read_text().splitlines()[0].split()[-1]: path.read_text()
             for path in project.migrations.glob("*.sql")}
    assert "-- Revises: b001, c002\n" in texts["m001"]
    assert "-- Requires: b001 expanded\n" in texts["c002"]
    assert "-- Branch: shop\n" in texts["c001"]
    assert "-- Title: create users: first; it's 100%\n" in texts["a001"]
    assert re.search(r"-- Created: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n", texts["a001"])
    assert "-- Imported: alembic 1." in texts["a001"]
    assert "Transaction: statement" in texts["c001"]     # ADD VALUE has to be committed
    assert "Transaction: statement" not in texts["b001"]  # an index that is built concurrently
    assert "alembic_version" not in "".join(texts.values())
    assert project.json("heads")[0]["id"] == "d001"
    assert "-- Revises: a001\n" in texts["c001"]


def test_what_does_not_run_offline_is_loud(alembic, project):
    alembic.revision("a001", '    op.create_table("t", sa.Column("a", sa.Integer))\n',
                     '    op.drop_table("t")\n')
    alembic.revision("a002", '''
    op.execute("UPDATE t SET a = 0")
    rows = op.get_bind().execute(sa.text("SELECT a FROM t")).fetchall()
    for row in rows:
        op.execute(f"INSERT INTO t VALUES ({row[0]})")
''', "    pass\n")
    alembic.revision("a003", '    op.add_column("t", sa.Column("b", sa.Text))\n',
                     '    raise NotImplementedError("no way back")\n')
    result = project.json("import", "alembic", alembic.folder)
    whats = findings(result)
    assert len(whats) == 2
    assert whats[0].startswith("upgrade() cannot be converted: AttributeError")
    assert whats[1] == "downgrade() cannot be converted: NotImplementedError: no way back"
    assert [r["complete"] for r in result["revisions"]] == [True, False, False]
    failed = project.fails(9, "upgrade")
    assert "'expand' is not filled in" in failed.stderr
    # filled in by hand, it runs; and another import leaves it as it is
    [path] = project.migrations.glob("*_a002_*")
    text = path.read_text()
    assert "UPDATE t SET a = 0;" in text
    path.write_text(re.sub("-- sluice: fill in .*\n", "", text))
    [path] = project.migrations.glob("*_a003_*")
    path.write_text(path.read_text().split("-- sluice: downgrade")[0])
    project.ok("upgrade")
    again = project.json("import", "alembic", alembic.folder)
    assert again["findings"] == []
    assert [r["outcome"] for r in again["revisions"]] == ["kept", "edited", "edited"] or \
        [r["outcome"] for r in again["revisions"]] == ["kept", "kept", "edited"]


def test_env_that_does_not_run(alembic, project, database):
    alembic.revision("a001", '    op.create_table("t", sa.Column("a", sa.Integer))\n',
                     '    op.drop_table("t")\n')
    (alembic.folder / "db/env.py").write_text("import settings_of_production\n")
    result = project.json("import", "alembic", alembic.folder)
    assert "env.py does not run" in findings(result)[0]
    assert "settings_of_production" in findings(result)[0]
    project.ok("upgrade")
    assert database.value("SELECT count(*) FROM t") == 0


def test_without_alembic_the_graph_comes(alembic, project):
    history(alembic)
    result = project.json("import", "alembic", alembic.folder, "--interpreter", "/bin/false")
    assert not any(r["complete"] for r in result["revisions"])
    assert "/bin/false" in findings(result)[0]
    assert len(project.json("history")) == 6
    project.fails(9, "upgrade")


def test_again_adds_only_what_is_new(alembic, project):
    alembic.revision("a001", '    op.create_table("t", sa.Column("a", sa.Integer))\n',
                     '    op.drop_table("t")\n')
    dry = project.json("import", "alembic", alembic.folder, "--dry-run")
    assert [r["outcome"] for r in dry["revisions"]] == ["added"]
    assert list(project.migrations.glob("*.sql")) == []
    imported(project, "alembic", alembic.folder)
    before = {path: path.read_text() for path in project.migrations.glob("*.sql")}
    alembic.revision("a002", '    op.drop_table("t")\n', "    pass\n")
    result = imported(project, "alembic", alembic.folder)
    assert [r["outcome"] for r in result["revisions"]] == ["kept", "added"]
    assert all(path.read_text() == text for path, text in before.items())


FORMS = '''# -*- coding: latin-1 -*-
"""Caf\xe9 orders

Second paragraph: with a colon.
Note: this is no header word of ours.

Revision ID: f2
Revises: f1
Create Date: 2020-02-29 23:59:59.123456

"""
from typing import Sequence, Union
from alembic import op

revision: str = 'f2'  # the id
down_revision: Union[str, Sequence[str], None] = (
    "f1",   # a comment with ) and "
    \'\'\'g1\'\'\',
)
branch_labels = ["one",
                 'two']
depends_on = None
x = {"revision": 1}


def upgrade():
    revision = "not this"
    op.execute("SELECT 1")


def downgrade():
    pass
'''


def test_forms_that_people_write(alembic, project):
    for name in ("f1", "g1"):
        (alembic.folder / f"db/versions/{name}.py").write_text(
            f"revision = '{name[0]}' \"{name[1]}\"\ndown_revision = None\n"
            "def upgrade(): pass\ndef downgrade(): pass\n")
    (alembic.folder / "db/versions/f2.py").write_bytes(FORMS.encode("latin-1"))
    (alembic.folder / "db/versions/f3.py").write_text(
        "revision = 'f3'; down_revision = 'f2'\ndepends_on = 'one',\n"
        "def upgrade(): pass\ndef downgrade(): pass\n")
    imported(project, "alembic", alembic.folder)
    [path] = project.migrations.glob("*_f2_*.sql")
    text = path.read_text()
    assert "-- Title: Café orders\n" in text
    assert "-- Revises: f1, g1\n" in text
    assert "-- Branch: one, two\n" in text
    assert "-- Created: 2020-02-29T23:59:59Z\n" in text
    assert "-- | Note: this is no header word of ours.\n" in text
    assert "-- sluice: expand\nSELECT 1;\n" in text


def test_an_id_that_only_python_can_tell(alembic, project):
    (alembic.folder / "db/versions/x.py").write_text("revision = make_id()\n")
    failed = project.fails(3, "import", "alembic", alembic.folder)
    assert "x.py:1:0: 'revision' is an expression" in failed.stderr


def test_no_project(tmp_path, project):
    failed = project.fails(3, "import", "alembic", tmp_path)
    assert "is no Alembic project" in failed.stderr and "hint:" in failed.stderr


def test_other_places_of_revisions(alembic, project):
    ini = alembic.folder / "alembic.ini"
    ini.write_text(ini.read_text() + "")
    text = re.sub(r"(?m)^script_location = .*$",
                  "script_location = %(here)s/db\nversion_locations = %(here)s/one %(here)s/two",
                  ini.read_text())
    ini.write_text(re.sub(r"(?m)^version_path_separator.*$", "version_path_separator = space",
                          text))
    for folder, name, parent in (("one", "o1", None), ("two", "w1", "o1")):
        (alembic.folder / folder).mkdir()
        (alembic.folder / folder / "r.py").write_text(
            f"revision = {name!r}\ndown_revision = {parent!r}\n"
            "def upgrade(): pass\ndef downgrade(): pass\n")
    result = imported(project, "alembic", alembic.folder)
    assert [r["id"] for r in result["revisions"]] == ["o1", "w1"]
