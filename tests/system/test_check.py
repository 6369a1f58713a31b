"""check, and rebase with a database: files against HEAD, SUMS and the ledger."""
import os
import shutil

import pytest

from conftest import Project

TABLE = """-- sluice: expand
CREATE TABLE {0} (id int);
-- sluice: downgrade
DROP TABLE {0};
"""


@pytest.fixture
def project(tmp_path, database):
    return Project(tmp_path / "project", database)


def kinds(project, status, *args):
    result = project.fails(status, "check", "--format", "json", *args)
    for finding in result.json["findings"]:
        assert finding["message"] and finding["hint"], finding
    return [(finding["kind"], finding["revision"]) for finding in result.json["findings"]]


def test_clean(project):
    project.revision("aaaa", TABLE.format("a"))
    project.ok("upgrade")
    result = project.json("check")
    assert result == {"findings": [], "kept": False, "database_asked": True}
    assert not project.json("check", "--offline")["database_asked"]
    project.ok("check", "--write")
    assert project.json("check")["kept"]
    assert (project.migrations / "HEAD").read_text().startswith("aaaa ")


def test_a_hole_an_edit_and_a_file_that_is_gone(project):
    project.revision("aaaa", TABLE.format("a"))
    edited = project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    gone = project.revision("cccc", TABLE.format("c"), revises="bbbb")
    project.ok("upgrade")
    gone.unlink()
    edited.write_text(edited.read_text().replace("id int", "id /* why */ int"))
    assert kinds(project, 10) == [("database gone", "cccc")]
    edited.write_text(edited.read_text().replace("int)", "bigint)"))
    project.revision("dddd", TABLE.format("d"), revises="aaaa")
    edited.write_text(edited.read_text().replace("Revises: aaaa", "Revises: dddd"))
    assert kinds(project, 10) == [("database hole", "dddd"), ("database gone", "cccc"),
                                  ("database edited", "bbbb")]
    assert kinds(project, 9, "-o", "migrations=elsewhere") == [("unreadable", None)]
    project.ok("check", "--offline")


@pytest.mark.parametrize("body, kind, word", [
    ("-- sluice: expand\nALTER TABEL a ADD x int;\n", "invalid", "syntax error"),
    ("-- sluice: expand\nDROP TABLE a;\n", "invalid", "Move it to contract"),
    ("-- sluice: expnad\nSELECT 1;\n", "unreadable", "expand"),
])
def test_bad_files(project, body, kind, word):
    path = project.revision("aaaa", body)
    project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    result = project.fails(9, "check", "--offline")
    assert str(path) in result.stdout and word in result.stdout
    assert kinds(project, 9, "--offline") == [(kind, "aaaa")]


def test_a_folder_that_cannot_be_read(project):
    project.revision("aaaa", TABLE.format("a"), revises="zzzz")
    assert kinds(project, 9, "--offline") == [("unreadable", None)]


def test_a_database_that_does_not_answer(project):
    project.revision("aaaa", TABLE.format("a"))
    env = {"DATABASE_URL": "postgresql://127.0.0.1:1/none"}
    project.fails(4, "check", env=env)
    project.ok("check", "--offline", env=env)


def test_several_heads(project):
    project.revision("aaaa", TABLE.format("a"))
    project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    path = project.revision("cccc", TABLE.format("c"), revises="aaaa")
    assert kinds(project, 9) == [("heads", None)]
    refused = project.fails(8, "check", "--write")
    assert "'bbbb', 'cccc'" in refused.stderr and "sluice merge" in refused.stderr
    path.write_text(path.read_text().replace("-- Title", "-- Branch: shop\n-- Title"))
    project.ok("check", "--write")
    assert (project.migrations / "HEAD.shop").read_text().startswith("cccc ")
    project.ok("check")


def test_rebase_leaves_what_is_applied(project):
    project.revision("aaaa", TABLE.format("a"))
    project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    project.ok("upgrade")
    moved = project.revision("cccc", TABLE.format("c"), revises="aaaa")
    before = sorted(path.read_text() for path in project.migrations.iterdir())
    refused = project.fails(8, "rebase", "bbbb")
    assert "'bbbb' is applied in" in refused.stderr
    assert "sluice merge" in refused.stderr and "sluice rebase cccc --onto bbbb" in refused.stderr
    assert before == sorted(path.read_text() for path in project.migrations.iterdir())
    result = project.json("rebase")
    assert (result["onto"], result["moved"]) == ("bbbb", ["cccc"])
    assert "-- Revises: bbbb\n" in moved.read_text()
    project.ok("upgrade")
    again = project.fails(8, "rebase")
    assert "there is nothing to rebase" in again.stderr
    project.ok("check")


def test_rebase_of_two_applied_sides_proposes_merge(project):
    project.revision("aaaa", TABLE.format("a"))
    project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    project.revision("cccc", TABLE.format("c"), revises="aaaa")
    project.ok("upgrade", "heads")
    refused = project.fails(8, "rebase", "cccc")
    assert "Both sides are applied: `sluice merge` joins them." in refused.stderr
    warned = project.ok("rebase", "cccc", "--offline")
    assert "no database is asked" in warned.stderr


def test_rebase_without_a_database_says_so(project):
    project.revision("aaaa", TABLE.format("a"))
    project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    project.revision("cccc", TABLE.format("c"), revises="aaaa")
    result = project.ok("rebase", "cccc", env={"DATABASE_URL": "postgresql://127.0.0.1:1/none"})
    assert "it is not asked whether a revision that moves is applied" in result.stderr
    project.fails(8, "rebase", "cccc", "--offline", "--onto", "bbbb")


def test_rebase_needs_no_git(project):
    git = project.folder / ".git"
    git.mkdir()
    project.revision("aaaa", TABLE.format("a"))
    project.ok("check", "--write", "--offline")
    digest = (project.migrations / "HEAD").read_text().split()[1]
    project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    project.revision("cccc", TABLE.format("c"), revises="aaaa")
    (project.migrations / "HEAD").write_text(
        f"<<<<<<< HEAD\nbbbb {digest}\n=======\ncccc {digest}\n>>>>>>> theirs\n")
    env = {"PATH": str(project.folder)}
    assert shutil.which("git", path=env["PATH"]) is None
    planned = project.json("rebase", "--dry-run", "--offline", env=env)
    assert planned["moved"] == ["bbbb"] and planned["dry_run"]
    os.mkdir(git / "rebase-merge")
    assert project.json("rebase", "--offline", env=env)["moved"] == ["cccc"]
    project.ok("check", "--offline")


def test_edit(project):
    project.revision("aaaa", TABLE.format("a"))
    path = project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    project.ok("check", "--write")
    project.ok("upgrade", "aaaa")
    append = {"VISUAL": "sh -c 'echo \"$1\" >> \"$2\"' - '-- one more'"}
    result = project.ok("edit", "head", env=append)
    assert result.stdout == f"edited {path}\n" and result.stderr == ""
    assert path.read_text().endswith("-- one more\n")
    warned = project.ok("edit", "aaaa", env=append)
    assert "aaaa is expanded in" in warned.stderr and "bbbb builds on aaaa" in warned.stderr
    project.ok("check")
    assert not project.json("edit", "bbbb", env={"VISUAL": "", "EDITOR": "true"})["edited"]
    broken = {"EDITOR": "sed -i s/TABLE/TABEL/"}
    assert f"{path}:" in project.fails(5, "edit", "bbbb", env=broken).stderr
    project.fails(8, "edit", "bbbb", env={"EDITOR": "false"})
    project.fails(2, "edit", "base")
