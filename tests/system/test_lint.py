"""`sluice lint` as people run it: what it looks at, how it is told, what it ends with."""
import json
import subprocess

import pytest

from conftest import SLUICE, Project, clean_environment

FIRST, SECOND, THIRD = "aaaaaaaaaaa1", "aaaaaaaaaaa2", "aaaaaaaaaaa3"
USERS = "-- sluice: expand\nCREATE TABLE users (id bigint PRIMARY KEY, name text);\n"
DROPS = "-- sluice: expand\nALTER TABLE users DROP COLUMN name;\n"


@pytest.fixture
def files(tmp_path):
    """A project without a database."""
    return Project(tmp_path / "project")


def write(project, name, text):
    path = project.folder / name
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def rules(result):
    return [finding["rule"] for finding in result.json["findings"]]


def test_finding_has_what_is_promised(files):
    write(files, "a.sql", "\n  VACUUM FULL shop.users;\n")
    finding = files.run("lint", "--format", "json", "a.sql").json["findings"][-1]
    assert finding["rule"] == "table-rewrite-maintenance"
    assert (finding["level"], finding["certainty"]) == ("warning", "certain")
    assert (finding["file"], finding["line"], finding["column"]) == ("a.sql", 2, 3)
    assert finding["relations"] == [{"name": "shop.users", "lock": "ACCESS EXCLUSIVE"}]
    assert finding["blocks"] and finding["message"] and finding["recipe"]


@pytest.mark.parametrize("text, status", [
    ("SELECT 1;\n", 0),
    ("ALTER TABLE users ADD COLUMN x int;\n", 0),  # notes alone
    ("VACUUM FULL users;\n", 9),
])
def test_exit_status(files, text, status):
    write(files, "a.sql", text)
    assert files.run("lint", "a.sql").returncode == status


def test_fail_on(files):
    write(files, "a.sql", "VACUUM FULL users;\n")
    files.ok("lint", "--fail-on", "error", "a.sql")
    files.ok("lint", "--fail-on", "never", "a.sql")
    write(files, "b.sql", "ALTER TABLE users ADD COLUMN x int;\n")
    assert files.run("lint", "--fail-on", "note", "b.sql").returncode == 9


@pytest.mark.parametrize("arguments, status", [
    (["--explain", "index-create-bloking"], 2),
    (["--format", "yaml"], 2),
    (["missing.sql"], 3),
    (["-o", "lint.rules={no-such-rule: off}", "."], 3),
    (["--baseline", "missing.txt", "."], 3),
])
def test_what_is_refused(files, arguments, status):
    write(files, "a.sql", "SELECT 1;\n")
    files.fails(status, "lint", *arguments)


def test_standard_input(files):
    done = subprocess.run([SLUICE, "lint", "--format", "json", "-"], input="VACUUM FULL users;",
                          capture_output=True, text=True, env=clean_environment(),
                          cwd=files.folder)
    assert done.returncode == 9
    assert json.loads(done.stdout)["findings"][-1]["file"] == "-"


def test_levels_and_excludes(files):
    write(files, "a.sql", "VACUUM FULL users;\n")
    write(files, "old/b.sql", "VACUUM FULL users;\n")
    files.settings("lint:\n  exclude: ['old/*']\n  rules: {table-rewrite-maintenance: error}\n")
    findings = files.run("lint", "--format", "json", "old", "a.sql").json["findings"]
    assert {finding["file"] for finding in findings} == {"a.sql"}
    assert findings[-1]["level"] == "error"
    files.settings("lint:\n  rules: {table-rewrite-maintenance: off}\n")
    files.ok("lint", "a.sql")


def test_together_and_apart(files):
    write(files, "db/1.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n")
    write(files, "db/2.sql", "ALTER TABLE users ADD COLUMN x int NOT NULL DEFAULT 0;\n")
    write(files, "db/3.sql", "ALTER TABLE users ALTER COLUMN x DROP DEFAULT;\n")
    apart = files.run("lint", "--format", "json", "db").json["findings"]
    together = files.run("lint", "--together", "--format", "json", "db").json["findings"]
    settled = {finding["rule"]: finding["settled_by"] for finding in together}
    assert "NOT NULL" in {f["rule"]: f["settled_by"] for f in apart}["drop-default-required"]
    assert "NOT NULL" not in settled["drop-default-required"]


def test_revisions_on_what_those_before_make(files):
    files.revision(FIRST, USERS)
    files.revision(SECOND, DROPS, revises=FIRST)
    assert "phase-mixed-release" in rules(files.run("lint", "--format", "json"))
    assert rules(files.run("lint", "--format", "json", FIRST)).count("phase-mixed-release") == 0
    assert "phase-mixed-release" in rules(files.run("lint", "--format", "json", SECOND))


def test_pending_revisions_alone(project):
    project.revision(FIRST, USERS)
    project.ok("upgrade")
    project.revision(SECOND, DROPS, revises=FIRST)
    findings = project.run("lint", "--format", "json").json["findings"]
    assert {finding["file"].rsplit("/")[-1].split("_")[1] for finding in findings} == {SECOND}
    project.ok("lint", "--offline", FIRST, "--fail-on", "error")


def test_plain_files_on_the_database(project):
    project.ok("upgrade")
    write(project, "a.sql", "ALTER TABLE users ALTER COLUMN name DROP DEFAULT;\n")
    project.revision(FIRST, USERS)
    project.ok("upgrade")
    assert "drop-default-required" in rules(project.run("lint", "--format", "json", "a.sql"))
    assert "drop-default-required" not in rules(
        project.run("lint", "--from-database", "--format", "json", "a.sql"))


def test_baseline(files):
    write(files, "a.sql", "VACUUM FULL users;\n")
    files.ok("lint", "--write-baseline", "lint.txt", "a.sql")
    files.settings("lint: {baseline: lint.txt}\n")
    write(files, "a.sql", "-- moved\n\nVACUUM FULL users;\n")
    files.ok("lint", "--fail-on", "note", "a.sql")
    write(files, "a.sql", "VACUUM FULL users;\nVACUUM FULL users;\n")
    assert rules(files.run("lint", "--format", "json", "a.sql")) == ["table-rewrite-maintenance"]


FIXED = """ALTER TABLE users ADD COLUMN x int;
CREATE INDEX CONCURRENTLY IF NOT EXISTS users_x ON users (x);
"""


def test_fix_to_the_end(files, database):
    path = write(files, "a.sql", FIXED)
    diff = files.run("lint", "--diff", "a.sql").stdout
    assert path.read_text() == FIXED
    assert "+SET lock_timeout = '2s';" in diff and "+DROP INDEX CONCURRENTLY IF EXISTS" in diff
    files.run("lint", "--fix", "a.sql")
    fixed = path.read_text()
    assert fixed != FIXED
    findings = files.run("lint", "--format", "json", "a.sql").json["findings"]
    assert [finding for finding in findings if finding["fix"]] == []
    database.execute("CREATE TABLE users (id bigint)")
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", database.url], input=fixed,
                          capture_output=True, text=True, env=clean_environment())
    assert done.returncode == 0, done.stderr


def git(project, *arguments):
    subprocess.run(["git", "-c", "user.name=t", "-c", "user.email=t@example.org", *arguments],
                   cwd=project.folder, check=True, capture_output=True)


def test_since(files):
    write(files, "db/1.sql", "VACUUM FULL a;\n")
    write(files, "db/3.sql", "VACUUM FULL c;\n")
    git(files, "init", "-q", "-b", "main")
    git(files, "add", ".")
    git(files, "commit", "-q", "-m", "one")
    write(files, "db/2.sql", "VACUUM FULL b;\n")
    write(files, "db/3.sql", "VACUUM FULL c;\nSELECT 1;\n")
    found = files.run("lint", "--since", "main", "--format", "json", "db").json["findings"]
    assert {finding["file"] for finding in found} == {"db/2.sql", "db/3.sql"}
    by_rule = {finding["rule"]: finding["file"] for finding in found}
    assert by_rule["history-nonlinear"] == "db/2.sql"
    assert by_rule["checksum-edited-migration"] == "db/3.sql"
    files.fails(8, "lint", "--since", "nowhere", "db")


def test_allow_in_a_revision(files):
    files.revision(FIRST, USERS)
    files.revision(SECOND, DROPS.replace("ALTER", "-- sluice: allow phase-mixed-release, column-drop "
                                         "because no app reads it\nALTER"), revises=FIRST)
    assert "phase-mixed-release" not in rules(files.run("lint", "--format", "json"))


def test_never_validated(files):
    write(files, "db/1.sql", "CREATE TABLE users (id bigint, x int);\n")
    write(files, "db/2.sql", "ALTER TABLE users ADD CONSTRAINT c CHECK (x > 0) NOT VALID;\n")
    write(files, "db/3.sql", "ALTER TABLE users ADD COLUMN y int;\n")
    run = files.run("lint", "--together", "--format", "json", "db")
    assert "not-valid-never-validated" in rules(run)
    write(files, "db/4.sql", "ALTER TABLE users VALIDATE CONSTRAINT c;\n")
    run = files.run("lint", "--together", "--format", "json", "db")
    assert "not-valid-never-validated" not in rules(run)
