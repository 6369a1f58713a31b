"""The examples of docs/moving.md, and of `Moving over` in docs/alembic.md, with the real Alembic."""
import re
import shutil
import subprocess

import pytest

from alembic_fixtures import Alembic, applied, rows, tables
from conftest import ROOT, SLUICE
from import_fixtures import need

MOVING = (ROOT / "docs/moving.md").read_text()
TABLE = (ROOT / "docs/alembic.md").read_text().split("## Moving over", 1)[1].split("\n## ", 1)[0]


def block(first):
    """The commands of the block that begins with this one, without the remarks."""
    lines = re.search(rf"^    {first}.*\n(?:    .*\n)*", MOVING, re.M).group()
    return re.findall(r"^    (.*?) *(?:#.*)?$", lines, re.M)


BEGIN, END = block("sluice init"), block("sluice adopt --no-keep")
ENVIRONMENT = """from alembic import context
import os, psycopg2, sqlalchemy
if context.is_offline_mode():
    context.configure(url="postgresql://", literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()
else:
    engine = sqlalchemy.create_engine("postgresql+psycopg2://",
                                      creator=lambda: psycopg2.connect(os.environ["DATABASE_URL"]))
    with engine.connect() as connection:
        context.configure(connection=connection)
        with context.begin_transaction():
            context.run_migrations()
"""
A, B, C, D = (f"aaaaaaaaaaa{n}" for n in "1234")


@pytest.fixture
def theirs(project):
    """Four revisions of Alembic, three of them applied; nothing of sluice's yet."""
    need("alembic")
    alembic = Alembic(project)
    (alembic.folder / "env.py").write_text(ENVIRONMENT)
    for revision, parents in ((A, ()), (B, (A,)), (C, (B,)), (D, (C,))):
        alembic.add(revision, parents)
    alembic.ok("upgrade", C)
    shutil.rmtree(project.migrations)
    (project.folder / "sluice.yaml").unlink()
    return alembic


def follow(project, commands):
    for command in commands:
        done = subprocess.run(["sh", "-ec", f'sluice() {{ "{SLUICE}" "$@"; }}; {command}'],
                              cwd=project.folder, env=project.env, capture_output=True, text=True,
                              timeout=120, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"


def test_begin_and_end(theirs, project, database):
    follow(project, BEGIN)
    assert rows(database) == {D} == theirs.current()
    assert tables(database) == applied(project) == {A, B, C, D}
    assert END[1].startswith("DROP TABLE alembic_version")
    follow(project, END[:1])
    database.execute(END[1])
    project.ok("downgrade", "-1")
    assert tables(database) == applied(project) == {A, B, C}


def test_table(theirs, project, database):
    commands = re.findall(r"^\| [^|]+ \| `(sluice [^`]+)` \|", TABLE, re.M)
    assert len(commands) >= 5
    project.ok("init")
    follow(project, commands)
    project.ok("upgrade")
    assert rows(database) == {C} and applied(project) == {A, B, C, D}


def test_every_command_named_is_one(project):
    for command in set(re.findall(r"`sluice ([a-z-]+)", MOVING)):
        project.ok("help", command)
