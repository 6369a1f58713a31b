"""What a tired person gets wrong, and what a machine gets into: each has a clear error that names the
object, the place and the next step, the right exit status, and nothing is half done.

Revision files that cannot be right are in test_bad_revisions.py, servers that are refused in
test_connection.py, the router's configuration in test_traffic.py.
"""
import os
import resource
import signal
import subprocess

import pytest

from rollout_fixtures import Stage

FIRST, SECOND = "bbbbbbbbbbb1", "bbbbbbbbbbb2"
QUICK_STEPS = ["expand", "deploy", "backfill", "weight: 50", "weight: 100", "cutover",
               "soak: 100ms", "retire", "contract: {quiet: 500ms}"]


def tables(database):
    """The app's relations with their number of columns."""
    return database.query("SELECT c.relname, count(a.*) FROM pg_class c "
                          "JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped "
                          "WHERE c.relnamespace = 'public'::regnamespace GROUP BY 1 ORDER BY 1")


def triggers(database):
    return database.query("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")


def refused(project, status, *args, words=(), hint="", env=None):
    """It fails so, as text and as JSON, with a next step each time. Returns the JSON error."""
    text = project.fails(status, *args, env=env)
    for word in words:
        assert word in text.stderr, text
    error = project.fails(status, *args, "--format", "json", env=env).json["error"]
    assert error["hint"] and hint in error["hint"], error
    return error


@pytest.fixture
def users(project, database):
    """A project whose database has a table with rows, which no revision made."""
    database.execute("CREATE TABLE users (id int PRIMARY KEY, full_name text, "
                     "taken text NOT NULL DEFAULT '', preset text DEFAULT 'x')")
    database.execute("INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 100) i")
    return project


# --- mappings and backfills that only the server can judge ----------------------------------------

@pytest.mark.parametrize("mapping, place, words, hint", [
    ("SELECT full_name AS taken;", ":6:8: ", ['"taken"', "is NOT NULL"], "Leave NOT NULL out"),
    ("SELECT full_name AS preset;", ":6:8: ", ['"preset"', "has a default"], "default out"),
    ("SELECT full_name AS nosuch;", ":6:8: ", ['"nosuch"', "public.users does not have"],
     "ADD COLUMN nosuch"),
    ("SELECT ful_name AS taken;", ":6:8: ", ["NOT NULL"], "Leave NOT NULL out"),
    ("SELECT ful_name AS nosuch;", ":6:8: ", ['no column "ful_name"'], '"full_name"'),
])
def test_a_mapping_onto_a_wrong_column(users, database, mapping, place, words, hint):
    path = users.revision(FIRST, "-- sluice: sync users\n" + mapping)
    before = tables(database)
    refused(users, 8, "upgrade", words=[path.name + place, *words], hint=hint)
    assert tables(database) == before
    assert triggers(database) == []
    assert users.json("status")["revisions"][0]["state"] == "pending"


def test_a_mapping_on_a_table_that_is_not_there(users, database):
    path = users.revision(FIRST, "-- sluice: sync usres\nSELECT full_name AS name;\n")
    refused(users, 8, "upgrade", words=[path.name + ":6:8: ", "usres"], hint="correct the name")
    assert triggers(database) == []


def test_a_backfill_of_a_column_that_is_not_there(users, database):
    path = users.revision(FIRST, "-- sluice: expand\nALTER TABLE users ADD COLUMN name text;\n"
                          "-- sluice: backfill\nUPDATE users SET nmae = full_name "
                          "WHERE nmae IS NULL AND full_name IS NOT NULL;\n")
    users.ok("upgrade")
    error = refused(users, 5, "backfill", "run", hint="no row was touched",
                    words=[path.name + ":8:1: ", "backfill of public.users", '"nmae"'])
    assert (error["line"], error["sqlstate"]) == (8, "42703")
    assert database.query("SELECT * FROM sluice.backfill") == []


# --- rights ---------------------------------------------------------------------------------------

@pytest.fixture
def clerk(database):
    """A role that may use the ledger, and read; and the URL to be it."""
    role = f"clerk_{database.name}"
    database.execute(f"CREATE ROLE {role} LOGIN")
    yield role, database.url.replace("postgres@", f"{role}@", 1)
    database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def grant_ledger(database, role):
    database.execute(f"GRANT ALL ON SCHEMA sluice TO {role}; "
                     f"GRANT ALL ON ALL TABLES IN SCHEMA sluice TO {role}; "
                     f"GRANT ALL ON ALL SEQUENCES IN SCHEMA sluice TO {role}; "
                     f"GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA sluice TO {role}; "
                     f"GRANT SELECT ON users TO {role}")


def test_a_role_that_may_not_create(users, database, clerk):
    role, url = clerk
    users.ok("upgrade")
    users.revision(FIRST, "-- sluice: expand\nCREATE TABLE notes (id int);\n")
    users.ok("upgrade")
    grant_ledger(database, role)
    path = users.revision(SECOND, "-- sluice: expand\nCREATE TABLE tags (id int);\n", revises=FIRST)
    database.execute("REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    refused(users, 5, "upgrade", env={"DATABASE_URL": url}, hint="GRANT CREATE ON SCHEMA",
            words=[path.name + ":7:1: ", "permission denied for schema public"])
    assert database.value("SELECT to_regclass('tags')") is None


def test_a_role_that_may_not_fill(users, database, clerk):
    role, url = clerk
    path = users.revision(FIRST, "-- sluice: expand\nALTER TABLE users ADD COLUMN name text;\n"
                          "-- sluice: backfill\nUPDATE users SET name = full_name "
                          "WHERE name IS NULL AND full_name IS NOT NULL;\n")
    users.ok("upgrade")
    grant_ledger(database, role)
    refused(users, 5, "backfill", "run", env={"DATABASE_URL": url}, hint="UPDATE",
            words=[path.name + ":8:1: ", "permission denied for table users"])
    assert database.value("SELECT count(name) FROM users") == 0
    users.ok("backfill", "run")
    assert database.value("SELECT count(name) FROM users") == 100


# --- the database's URL ---------------------------------------------------------------------------

@pytest.mark.parametrize("url, status, words", [
    ("notes", 3, "'notes' is not a database URL"),
    ("mysql://ada:s3cret@h/notes", 3, "'mysql://' is not a PostgreSQL URL"),
    ("postgresql://ada:s3c%zzret@h/notes", 3, "invalid percent-encoded token"),
    ("postgresql://ada:s3cret@[::1/notes", 3, "IPv6"),
    ("postgresql://ada:s3cret@h/notes?sslmod=require", 3, '"sslmod"'),
    ("host=h pasword=s3cret", 3, '"pasword"'),
    ("postgresql://ada:s3cret@h:99999/notes", 4, '"99999"'),
    ("postgresql://ada:s3/cret@127.0.0.1:1/notes", 4, "port"),
    ("postgresql://ada:s@3cret@127.0.0.1:1/notes", 4, "@127.0.0.1"),
])
@pytest.mark.parametrize("command", ["upgrade", "status"])
def test_a_url_that_is_wrong(project, url, status, words, command):
    project.revision(FIRST, "-- sluice: expand\nCREATE TABLE t (a int);\n")
    error = refused(project, status, command, env={"DATABASE_URL": url}, words=[words])
    for part in ("s3cret", "3cret", "s3c%zz", "cret"):
        assert part not in error["message"] + error["hint"]


# --- revisions ------------------------------------------------------------------------------------

def test_a_revision_is_not_offered_as_its_own_parent(project):
    project.revision("b1", "", revises="a1")
    error = refused(project, 3, "heads", words=["'b1'", "b1_change", "revises 'a1'"])
    assert "Did you mean" not in error["hint"] and "Revises" in error["hint"]


@pytest.mark.parametrize("command", [("rollout", "plan"), ("downgrade", "base"), ("contract",),
                                     ("gate", "contract")])
def test_a_bad_folder_stops_every_command_that_changes_something(project, database, command):
    project.settings("app: {name: shop, versions: {'2.0': {built_on: b1}}}\nrollout: {to: '2.0'}\n")
    project.revision("a1", "-- sluice: expand\nCREATE TABLE t (a int);\n")
    project.revision("b1", "", revises="c1")
    project.revision("c1", "", revises="b1")
    refused(project, 3, *command, words=["cycle", "b1", "c1"], hint="Revises")
    assert database.value("SELECT to_regnamespace('sluice')") is None


def test_a_dry_run_says_that_there_is_no_statement(project):
    project.revision(FIRST, "")
    assert "-- no statement" in project.ok("upgrade", "--dry-run").stdout
    assert "expanded " + FIRST in project.ok("upgrade").stdout
    assert "nothing to do" in project.ok("upgrade", "--dry-run").stdout


# --- a rollout whose ground gives way -------------------------------------------------------------

@pytest.fixture
def stage(tmp_path, database):
    it = Stage(tmp_path / "stage", database)
    try:
        it.open()
        it.configure(QUICK_STEPS)
        yield it
    finally:
        it.close()


def untouched(stage):
    assert stage.columns() == ["id", "full_name"]
    assert triggers(stage.database) == []
    assert stage.deploy("ready", "2.0") != 0


def test_a_rollout_without_its_router(stage):
    stage.proxy.stop()
    refused(stage, 4, "rollout", "run", words=[stage.proxy.socket], hint="traffic.socket")
    untouched(stage)
    stage.proxy.start()


def test_a_rollout_with_an_unknown_backend(stage):
    path = stage.folder / "sluice.yaml"
    path.write_text(path.read_text().replace("backend: shop", "backend: shpo"))
    refused(stage, 3, "rollout", "run", words=["backend 'shpo'"], hint="traffic.backend")
    untouched(stage)
    assert stage.proxy.share() == 0


class FullDisk:
    """The folder of the local journal on a disk that is full: a small tmpfs, or, for whoever may
    not mount one, a limit of the file size, which a write meets in the same way."""

    def __init__(self, stage, mounted):
        self.stage, self.folder, self.mounted = stage, stage.folder / "disk", mounted
        self.folder.mkdir()
        if mounted and (os.geteuid() != 0 or subprocess.run(
                ["mount", "-t", "tmpfs", "-o", "size=64k", "sluice-test", str(self.folder)],
                capture_output=True).returncode != 0):
            pytest.skip("no disk may be mounted here")
        stage.env["XDG_STATE_HOME"] = str(self.folder)

    def journal(self):
        return "".join(path.read_text() for path in self.folder.rglob("traffic.jsonl"))

    def fill(self):
        if self.mounted:
            with pytest.raises(OSError), open(self.folder / "filler", "wb", buffering=0) as filler:
                while True:
                    filler.write(b"x" * 4096)

    def run(self, *args):
        """sluice, on the full disk."""
        def limit():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (1, 1))

        if self.mounted:
            return self.stage.run(*args)
        process = self.stage.start(*args, preexec_fn=limit)
        stdout, stderr = process.communicate(timeout=60)
        return type("Result", (), {"returncode": process.returncode, "stdout": stdout,
                                   "stderr": stderr})

    def free(self):
        if self.mounted and (self.folder / "filler").exists():
            (self.folder / "filler").unlink()

    def close(self):
        if self.mounted:
            subprocess.run(["umount", "-l", str(self.folder)], check=True)


@pytest.fixture(params=["mounted", "limited"])
def disk(stage, request):
    it = FullDisk(stage, request.param == "mounted")
    yield it
    it.close()


def test_a_rollout_on_a_full_disk(stage, disk):
    disk.fill()
    result = disk.run("rollout", "run")
    assert result.returncode == 8, result.stderr
    assert f"traffic journal '{disk.folder}" in result.stderr
    assert "Free space there, or set XDG_STATE_HOME" in result.stderr
    untouched(stage)
    assert stage.proxy.share() == 0
    disk.free()
    stage.ok("rollout", "run")
    stage.assert_contracted()


def test_the_disk_fills_up_in_the_middle(stage, disk):
    stage.configure([*QUICK_STEPS[:4], "pause", *QUICK_STEPS[4:]])
    runner = stage.start("rollout", "run")
    stage.wait_step("pause-50", "waiting")
    runner.send_signal(signal.SIGTERM)
    runner.communicate(timeout=30)
    assert stage.proxy.share() == 50
    disk.fill()

    result = disk.run("rollout", "run")
    assert result.returncode == 8 and "cannot be written" in result.stderr, result.stderr
    assert stage.proxy.share() == 50, "never raised without a record"

    back = disk.run("rollout", "abort", "--reason", "the disk is full")
    assert back.returncode == 0, back.stderr
    # The last block of the journal may have had room for it.
    assert "abort" in disk.journal() or "warning: the traffic journal" in back.stderr, back.stderr
    assert stage.proxy.share() == 0
    assert stage.rollout()["state"] == "aborted"
    assert stage.load.failed == []

    disk.free()
    stage.configure(QUICK_STEPS)
    stage.ok("rollout", "resume")
    stage.ok("rollout", "run")
    stage.assert_contracted()
