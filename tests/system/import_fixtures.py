"""What the tests of `sluice import` share: schemas to compare, and the other tools' programs."""
import fcntl
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import clean_environment


def schema(database, *left_out):
    """`pg_dump -s` without what differs by nature: the tools' own tables, and random tokens."""
    options = [f"--exclude-table={name}" for name in left_out if "." not in name]
    done = subprocess.run(["pg_dump", "-s", "--exclude-schema=sluice", *options, database.url],
                          capture_output=True, text=True, check=True)
    return "\n".join(line for line in done.stdout.splitlines()
                     if line and not re.match(r"\\(un)?restrict |--", line))


def need(program):
    if not shutil.which(program):
        pytest.skip(f"no {program}")


def run(*argv, cwd, env=None, ok=True):
    """Another tool, to its end."""
    done = subprocess.run([str(word) for word in argv], cwd=cwd, capture_output=True, text=True,
                          timeout=300, stdin=subprocess.DEVNULL,
                          env={**clean_environment(), **(env or {})})
    assert not ok or done.returncode == 0, f"{argv}\n{done.stdout}\n{done.stderr}"
    return done


def findings(result):
    return [finding["what"] for finding in result["findings"]]


def imported(project, tool, folder, *options):
    """Imports, and wants nothing to be left over."""
    result = project.json("import", tool, folder, *options)
    assert findings(result) == []
    assert all(revision["complete"] for revision in result["revisions"])
    return result


@pytest.fixture
def other(server):
    """An empty database for the other tool."""
    it = server.create_database()
    yield it
    server.drop_database(it)


@pytest.fixture(scope="session")
def dbmate():
    """dbmate's program, from npm, kept in the user's cache folder."""
    need("npm")
    above = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = above / "sluice-tests"
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not list(folder.glob("node_modules/@dbmate/*/bin/dbmate")):
            done = subprocess.run(["npm", "install", "--prefix", str(folder), "dbmate"],
                                  capture_output=True, text=True)
            if done.returncode != 0:
                pytest.skip(f"npm cannot install dbmate: {done.stderr[-300:]}")
    return list(folder.glob("node_modules/@dbmate/*/bin/dbmate"))[0]
