"""docs/alembic.md: every row's command runs, and no command or option of Alembic is missing."""
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, SLUICE
from test_targets import write

PAGE = (ROOT / "docs/alembic.md").read_text()
ROWS = re.findall(r"^\| `([^`]+)` \| `([^`]+)` \|", PAGE, re.M)
FIRST, SECOND, THIRD = "aaaaaaaaaaa1", "aaaaaaaaaaa2", "aaaaaaaaaaa3"


@pytest.fixture
def prepared(project, database):
    """Three revisions, the last two the branch shop; what goes back finds them applied."""
    project.revision(FIRST, "-- sluice: expand\nCREATE TABLE users (id int PRIMARY KEY, seen int);\n\n"
                     "-- sluice: downgrade\nDROP TABLE users;\n")
    write(project, SECOND, [FIRST], branch="shop")
    write(project, THIRD, [SECOND])
    project.ok("upgrade", FIRST)
    return project


@pytest.mark.parametrize("alembic, command", ROWS, ids=[row[0] for row in ROWS])
def test_row(alembic, command, prepared):
    if "init" in command:
        (prepared.folder / "sluice.yaml").unlink()
        shutil.rmtree(prepared.migrations)
    if "merge" in command:
        write(prepared, "blog1", [FIRST], branch="blog")
    if "downgrade" in command:
        prepared.ok("upgrade")
    done = subprocess.run(["sh", "-ec", f'sluice() {{ "{SLUICE}" "$@"; }}; {command}'],
                          cwd=prepared.folder, env=prepared.env, capture_output=True, text=True,
                          timeout=60, stdin=subprocess.DEVNULL)
    assert done.returncode == 0, f"{command}\n{done.stdout}\n{done.stderr}"
    assert done.stdout, command


def test_there_are_rows():
    assert len(ROWS) > 60
    assert len(ROWS) == PAGE.count("\n| `")


def options_of(*command):
    """The options in Alembic's --help of a command: of each its last, longest name."""
    text = subprocess.run(["alembic", *command, "--help"], capture_output=True, text=True,
                          check=True).stdout
    return [re.findall(r"--?[a-zA-Z][\w-]*", line.split("  ")[1])
            for line in text.splitlines() if re.match(r"  -", line)]


@pytest.mark.skipif(shutil.which("alembic") is None, reason="alembic is not installed")
def test_nothing_of_the_installed_alembic_is_missing():
    usage = subprocess.run(["alembic", "--help"], capture_output=True, text=True, check=True).stdout
    commands = re.search(r"\{([a-z_,]+)\}", usage).group(1).split(",")
    named = [row[0] for row in ROWS]
    missing = [command for command in commands
               if not any(name.split()[0] == command for name in named)]
    for command in commands:
        for names in options_of(command):
            if not any(name.split()[0] == command and set(names) & set(name.split())
                       for name in named):
                missing.append(f"{command} {names}")
    for names in options_of():
        if not any(name.split()[0] == "alembic" and set(names) & set(name.split())
                   for name in named):
            missing.append(f"alembic {names}")
    assert missing == []
