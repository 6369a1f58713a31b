"""squash: a checkpoint for new databases; the chain stays for all others."""
import subprocess

import pytest

from conftest import Project

USERS = """-- sluice: expand
CREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL);
CREATE FUNCTION names() RETURNS SETOF text LANGUAGE sql AS $$
SELECT full_name FROM public.users
$$;
INSERT INTO users VALUES (1, 'it''s me');
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
DROP FUNCTION names();
ALTER TABLE users DROP COLUMN full_name;
"""
NOTES = """-- sluice: expand
CREATE TABLE notes (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, author int REFERENCES users);
-- sluice: downgrade
DROP TABLE notes;
"""


def dump(database):
    """Its schema and rows, without what differs from run to run."""
    done = subprocess.run(["pg_dump", "--inserts", "--exclude-schema=sluice", database.url],
                          capture_output=True, text=True, check=True)
    return [line for line in done.stdout.splitlines()
            if not line.startswith(("\\restrict", "\\unrestrict", "--"))]


@pytest.fixture
def project(tmp_path):
    it = Project(tmp_path / "project")
    it.revision("aaaa", USERS)
    it.revision("bbbb", RENAME, revises="aaaa")
    return it


def on(database):
    return {"DATABASE_URL": database.url}


def states(project, database):
    rows = project.json("status", env=on(database))["revisions"]
    return {row["id"]: (row["state"], row["final"]) for row in rows}


def test_a_new_database_starts_from_it(project, server, database):
    made = project.json("squash")
    assert (made["revision"], made["revisions"]) == ("bbbb", 2)
    assert "\\restrict" not in made["sql"] and "it''s me" in made["sql"]
    project.revision("cccc", NOTES, revises="bbbb")
    done = project.json("upgrade", env=on(database))["done"]
    assert [entry["revision"] for entry in done] == ["aaaa", "bbbb", "cccc"]
    assert states(project, database) == {"aaaa": ("expanded", True),
                                         "bbbb": ("contracted", True),
                                         "cccc": ("expanded", True)}
    assert database.query("SELECT id, origin FROM sluice.revision ORDER BY id") == [
        ("aaaa", "stamped"), ("bbbb", "stamped"), ("cccc", "run")]
    assert database.value("SELECT text FROM sluice.event WHERE kind = 'start'").startswith(
        "started from the checkpoint of bbbb")
    other = server.create_database()
    project.ok("upgrade", "--fresh", "--no-checkpoint", env=on(other))
    assert other.value("SELECT count(*) FROM sluice.revision WHERE origin = 'run'") == 3
    assert dump(database) == dump(other)
    project.ok("check", env=on(database))
    assert "nothing to do" in project.ok("upgrade", env=on(database)).stdout


def test_a_database_in_the_chain_goes_on_with_it(project, database):
    project.ok("upgrade", "aaaa", env=on(database))
    project.ok("squash", "--offline")
    project.ok("upgrade", env=on(database))
    assert database.value("SELECT count(*) FROM sluice.revision WHERE origin = 'run'") == 2
    assert states(project, database)["bbbb"] == ("expanded", False)


def test_a_database_with_tables_is_not_new(project, database):
    project.ok("squash")
    database.execute("CREATE TABLE somebodys (id int)")
    project.ok("upgrade", env=on(database))
    assert database.value("SELECT count(*) FROM sluice.revision WHERE origin = 'run'") == 2


def test_a_target_above_it_does_not_use_it(project, database):
    project.ok("squash")
    project.ok("upgrade", "aaaa", env=on(database))
    assert database.query("SELECT id, origin FROM sluice.revision") == [("aaaa", "run")]


def test_the_newest_that_fits_is_taken(project, database):
    project.ok("squash", "aaaa")
    project.ok("squash", "bbbb")
    planned = project.ok("upgrade", "--dry-run", env=on(database))
    assert "checkpoints/bbbb.sql in place of 2 revisions" in planned.stdout + planned.stderr
    project.ok("upgrade", "aaaa", env=on(database))
    assert database.query("SELECT id, origin FROM sluice.revision") == [("aaaa", "stamped")]


def test_a_stale_one_is_named_and_not_used(project, database):
    project.ok("squash", "aaaa")
    project.ok("check")
    path = next(project.migrations.glob("*aaaa*"))
    path.write_text(path.read_text().replace("it''s me", "nobody"))
    found = project.fails(9, "check", "--format", "json").json["findings"]
    assert [(entry["kind"], entry["revision"]) for entry in found] == [("checkpoint", "aaaa")]
    result = project.ok("upgrade", env=on(database))
    assert "is stale and not used" in result.stderr
    assert database.value("SELECT full_name FROM users") == "nobody"


def test_an_open_contract_refuses(project, database):
    project.ok("upgrade", "--backfill", env=on(database))
    refused = project.fails(8, "squash", env=on(database))
    assert "bbbb" in refused.stderr and "aaaa" not in refused.stderr.split("hint")[0]
    assert "--offline" in refused.stderr
    assert not (project.migrations / "checkpoints").exists()
    project.ok("squash", "aaaa", env=on(database))
    warned = project.ok("squash", "--offline", "--dry-run", env=on(database))
    assert "no database is asked" in warned.stderr and "CREATE TABLE public.users" in warned.stdout
    assert not (project.migrations / "checkpoints" / "bbbb.sql").exists()


def test_a_checkpoint_that_fails_leaves_nothing(project, database):
    project.ok("squash")
    path = project.migrations / "checkpoints" / "bbbb.sql"
    path.write_text(path.read_text() + "\nSELECT 1/0;\n")
    failed = project.fails(5, "upgrade", env=on(database))
    assert str(path) in failed.stderr and "--no-checkpoint" in failed.stderr
    assert database.value("SELECT to_regclass('users') IS NULL")
    assert database.value("SELECT count(*) FROM sluice.revision") == 0
    project.ok("upgrade", "--no-checkpoint", env=on(database))


def test_a_chain_that_fails_names_its_place(project):
    project.revision("cccc", "-- sluice: expand\nALTER TABLE none ADD x int;\n", revises="bbbb")
    failed = project.fails(5, "squash")
    assert "cccc" in failed.stderr and '"none" does not exist' in failed.stderr
    assert not (project.migrations / "checkpoints").exists()


def test_containers_that_start_together(project, database):
    project.ok("squash")
    project.revision("cccc", NOTES, revises="bbbb")
    started = [project.start("upgrade", env=on(database)) for _ in range(4)]
    for process in started:
        _, stderr = process.communicate(timeout=60)
        assert process.returncode == 0, stderr
    assert database.query("SELECT id, origin FROM sluice.revision ORDER BY id") == \
        [("aaaa", "stamped"), ("bbbb", "stamped"), ("cccc", "run")]
    assert database.value("SELECT count(*) FROM sluice.event WHERE kind = 'start'") == 1
