"""What all commands share: options, settings, errors, help."""
import json
import os
import subprocess

import pytest

from conftest import SLUICE, Project, clean_environment, run_sluice


@pytest.fixture
def files(tmp_path):
    return Project(tmp_path / "project")


def test_version_and_help():
    version = run_sluice("--version")
    assert version.stdout.startswith("sluice ") and version.returncode == 0
    for arguments in ([], ["--help"], ["help"], ["-h"]):
        result = run_sluice(*arguments)
        assert result.returncode == 0 and "Usage: sluice COMMAND" in result.stdout
    assert run_sluice("help", "dev", "start").stdout == run_sluice("dev", "start", "-h").stdout
    assert "lock.stall_budget" in run_sluice("help", "settings").stdout
    family = run_sluice("dev")
    assert family.returncode == 0 and "dev start" in family.stdout
    assert "init" not in family.stdout


@pytest.mark.parametrize("arguments, words, hint", [
    (["upgarde"], "unknown command 'upgarde'", "Did you mean 'sluice upgrade'?"),
    (["dev", "strat"], "unknown command 'dev strat'", "Did you mean 'sluice dev start'?"),
    (["heads", "--fromat=json"], "unknown option '--fromat=json'", "Did you mean '--format'?"),
    (["heads", "extra"], "unexpected argument 'extra'", "`sluice heads --help` lists"),
    (["help", "qqqqqqqq"], "unknown command 'qqqqqqqq'", "`sluice help` lists the commands"),
    (["export", "rails", "."], "'rails' is none of: alembic", ""),
    (["help", "upgarde"], "unknown command 'upgarde'", "Did you mean 'sluice help upgrade'?"),
])
def test_usage_errors(arguments, words, hint):
    result = run_sluice(*arguments)
    assert result.returncode == 2, result
    assert result.stdout == ""
    assert words in result.stderr and hint in result.stderr


def test_an_error_as_json():
    result = run_sluice("upgarde", "--format", "json")
    assert result.returncode == 2 and result.stderr == ""
    error = result.json["error"]
    assert error["code"] == "usage" and error["status"] == 2
    assert error["hint"] == "Did you mean 'sluice upgrade'?"


def test_all_errors_of_the_settings_at_once(files):
    files.settings("lock: {stall_budgt: 1ms}\nbackfill: {workers: many}\n")
    result = files.fails(3, "heads")
    path = files.folder / "sluice.yaml"
    assert result.stderr.startswith(
        f"sluice: error: {path}:2:8: unknown key 'lock.stall_budgt'; did you mean "
        f"'lock.stall_budget'?\n{path}:3:21: backfill.workers: 'many' is not a whole number\n")


def test_override(files):
    (files.folder / "other").mkdir()
    assert files.json("heads", "-o", "migrations=other") == []
    result = files.fails(3, "heads", "-o", "migratons=other")
    assert "Did you mean 'migrations'?" in result.stderr
    assert "not KEY=VALUE" in files.fails(2, "heads", "-o", "migrations").stderr


def test_environment_wins_over_dotenv_and_file(files):
    for name in ("a", "b", "c"):
        (files.folder / name).mkdir()
        (files.folder / name / "1.sql").write_text(f"-- Revision: in-{name}\n")
    files.settings("migrations: a\n")
    assert files.json("heads")[0]["id"] == "in-a"
    (files.folder / ".env").write_text("SLUICE_MIGRATIONS=b\n")
    assert files.json("heads")[0]["id"] == "in-b"
    assert files.json("heads", env={"SLUICE_MIGRATIONS": "c"})[0]["id"] == "in-c"
    assert files.json("heads", "-o", "migrations=a",
                      env={"SLUICE_MIGRATIONS": "c"})[0]["id"] == "in-a"


def test_config_names_a_file(files, tmp_path):
    other = tmp_path / "other.yaml"
    other.write_text("migrations: project/migrations\n")
    result = run_sluice("heads", "-C", other, cwd="/")
    assert result.returncode == 0, result
    missing = run_sluice("heads", "--config", tmp_path / "none.yaml")
    assert missing.returncode == 3 and "none.yaml" in missing.stderr


def test_a_password_is_no_argument(files):
    for arguments in (["--database", "postgresql://u:secret@h/d"],
                      ["--database", "host=h password=secret"],
                      ["-o", "database.url=postgresql://u:secret@h/d"]):
        result = files.fails(2, "current", *arguments)
        assert "DATABASE_URL" in result.stderr
        assert "secret" not in result.stderr + result.stdout


def test_no_database_is_named(files):
    result = files.fails(3, "current")
    assert "no database is named" in result.stderr and "DATABASE_URL" in result.stderr


def test_a_refused_connection_shows_no_password(files):
    result = files.fails(4, "current",
                         env={"DATABASE_URL": "postgresql://u:secret@127.0.0.1:1/d"})
    assert "secret" not in result.stderr + result.stdout


def test_a_reader_that_goes_away_is_no_error(files):
    for i in range(600):  # more than a pipe holds
        files.revision(f"{i:04x}", "", revises=f"{i - 1:04x}" if i else None, title="x" * 180)
    with subprocess.Popen([SLUICE, "history"], cwd=files.folder, env=clean_environment(),
                          stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
    assert process.returncode == 0


def test_a_full_disk_is_an_error(files):
    with open("/dev/full", "w") as full:
        done = subprocess.run([SLUICE, "help"], stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 8
    assert "cannot write the result" in done.stderr


def test_fault_points_are_listed():
    names = json.loads(run_sluice("debug", "fault-points", "--format", "json").stdout)
    assert names == sorted(names) and len(names) > 5


def test_no_colours_into_a_pipe(files):
    files.revision("aaaa", "")
    env = {**files.env, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    done = subprocess.run([SLUICE, "history"], cwd=files.folder, env=env, capture_output=True)
    assert b"\033" not in done.stdout


@pytest.mark.parametrize("no_colour", [False, True])
def test_colours_on_a_terminal(files, no_colour):
    files.revision("aaaa", "")
    env = {**files.env, "TERM": "xterm"}
    env.pop("NO_COLOR", None)
    leader, follower = os.openpty()
    command = [SLUICE, "history"] + (["--no-color"] if no_colour else [])
    subprocess.run(command, cwd=files.folder, env=env, stdout=follower, check=True)
    os.close(follower)
    shown = b""
    try:
        while chunk := os.read(leader, 4096):
            shown += chunk
    except OSError:
        pass  # the kernel's way to say that the other end is closed
    os.close(leader)
    assert (b"\033[1m" in shown) != no_colour
