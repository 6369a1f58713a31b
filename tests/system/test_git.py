"""HEAD and SUMS with the real git: what conflicts, what merges clean, and what settles it."""
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, SLUICE, clean_environment, run_sluice

pytestmark = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


class Clone:
    """A checkout with a project in it."""

    def __init__(self, folder, origin=None):
        self.folder = folder
        self.migrations = folder / "migrations"
        self.env = {**clean_environment(), "HOME": str(folder.parent), "GIT_CONFIG_NOSYSTEM": "1",
                    "GIT_EDITOR": "true", "NO_COLOR": "1"}
        for role in ("AUTHOR", "COMMITTER"):
            self.env |= {f"GIT_{role}_NAME": folder.name, f"GIT_{role}_EMAIL": "x@example.com"}
        if origin:
            subprocess.run(["git", "clone", "-q", str(origin), str(folder)], env=self.env,
                           check=True, cwd=folder.parent)
        else:
            folder.mkdir()
            self.git("init", "-q", "-b", "main")

    def git(self, *args, status=0):
        done = subprocess.run(["git", *args], cwd=self.folder, env=self.env, capture_output=True,
                              text=True)
        assert (done.returncode == 0) == (status == 0), done
        return done.stdout

    def sluice(self, *args, status=0):
        result = run_sluice(*args, env=self.env, cwd=self.folder)
        assert result.returncode == status, result
        return result

    def revision(self, title, *args):
        """Makes one and commits it; its id."""
        made = self.sluice("revision", "-m", title, "--format", "json", *args).json
        self.commit(title)
        return made["id"]

    def commit(self, message):
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)

    def heads(self):
        return [head["id"] for head in self.sluice("heads", "--format", "json").json]

    def head(self, name="HEAD"):
        return (self.migrations / name).read_text().split()[0]

    def unmerged(self):
        return self.git("diff", "--name-only", "--diff-filter=U").split()

    def file_of(self, revision):
        return next(self.migrations.glob(f"*_{revision}_*.sql"))

    def findings(self, status=9):
        result = self.sluice("check", "--format", "json", status=status)
        return [(entry["kind"], entry["revision"]) for entry in result.json["findings"]]


@pytest.fixture
def clones(tmp_path):
    """Ann's, Ben's: two clones with one revision, `first`, in both."""
    origin = Clone(tmp_path / "origin")
    origin.sluice("init")
    first = origin.revision("first")
    ann, ben = (Clone(tmp_path / name, origin.folder) for name in ("ann", "ben"))
    ann.first = ben.first = first
    ann.git("remote", "add", "ben", str(ben.folder))
    return ann, ben


def test_same_branch_conflicts_in_head_alone(clones, database):
    ann, ben = clones
    ann.revision("hers")
    ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "ben/main", status=1)
    assert ann.unmerged() == ["migrations/HEAD"]
    refused = ann.sluice("-o", f"database.url={database.url}", "upgrade", status=8)
    assert "migrations/HEAD' holds git's conflict marks" in refused.stderr
    assert "sluice rebase" in refused.stderr
    assert database.value("SELECT to_regnamespace('sluice') IS NULL")
    # What is wrong in the files is told also where nobody answers.
    nobody = ann.sluice("-o", "database.url=postgresql://127.0.0.1:1/nobody", "check", status=9)
    assert "the database was not asked: cannot connect" in nobody.stderr
    assert ("conflict", ann.heads()[0]) in ann.findings() or len(ann.heads()) == 2


def test_branches_with_labels_merge_clean(clones):
    ann, ben = clones
    hers = ann.revision("hers", "--branch-label", "shop")
    his = ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "-q", "--no-edit", "ben/main")
    assert (ann.head(), ann.head("HEAD.shop")) == (his, hers)
    assert sorted(ann.heads()) == sorted([his, hers])
    ann.sluice("check")


def test_rebase_settles_a_merge(clones):
    ann, ben = clones
    hers = ann.revision("hers")
    later = ann.revision("hers too")
    his = ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "ben/main", status=1)
    before = ann.file_of(later).read_bytes()
    planned = ann.sluice("rebase", "--dry-run", "--format", "json").json
    assert planned["onto"] == his and planned["moved"] == [hers, later]
    assert "<<<<<<<" in (ann.migrations / "HEAD").read_text()
    moved = ann.sluice("rebase", "--format", "json").json
    assert (moved["onto"], moved["moved"], moved["written"]) == (his, [hers, later], [hers])
    assert ann.file_of(later).read_bytes() == before
    assert f"-- Revises: {his}\n" in ann.file_of(hers).read_text()
    assert ann.heads() == [later] and ann.head() == later
    ann.sluice("check")
    ann.git("add", "migrations")
    ann.git("commit", "-q", "--no-edit")
    ann.sluice("check")
    ben.git("pull", "-q", str(ann.folder), "main")
    assert ben.heads() == [later]
    ben.sluice("check")


def test_rebase_settles_a_git_rebase(clones):
    """There, "ours" is what the commits are put upon."""
    ann, ben = clones
    hers = ann.revision("hers")
    his = ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("rebase", "ben/main", status=1)
    assert ann.sluice("rebase", "--format", "json").json["moved"] == [hers]
    ann.git("add", "migrations")
    ann.git("rebase", "--continue")
    assert ann.heads() == [hers] and f"-- Revises: {his}\n" in ann.file_of(hers).read_text()
    ann.sluice("check")


def test_rebase_the_other_way(clones):
    ann, ben = clones
    hers, his = ann.revision("hers"), ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "ben/main", status=1)
    assert ann.sluice("rebase", "--onto", hers, "--format", "json").json["moved"] == [his]
    assert ann.heads() == [his]
    ann.sluice("check")


def test_first_revisions_of_both(tmp_path):
    origin = Clone(tmp_path / "origin")
    origin.sluice("init")
    origin.commit("a project")
    ann, ben = (Clone(tmp_path / name, origin.folder) for name in ("ann", "ben"))
    hers, his = ann.revision("hers"), ben.revision("his")
    ann.git("fetch", "-q", str(ben.folder), "main")
    ann.git("merge", "FETCH_HEAD", status=1)
    ann.sluice("rebase")
    assert ann.heads() == [hers]
    assert f"-- Revision: {hers}\n-- Revises: {his}\n" in ann.file_of(hers).read_text()
    ann.sluice("check")


def test_merge_settles_it_too(clones):
    ann, ben = clones
    hers, his = ann.revision("hers"), ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "ben/main", status=1)
    made = ann.sluice("merge", "--format", "json").json
    assert sorted(made["revises"]) == sorted([hers, his])
    assert ann.heads() == [made["id"]] and ann.head() == made["id"]
    assert ann.unmerged() == ["migrations/HEAD"]
    ann.commit("merge")
    ann.sluice("check")


def test_an_edit_of_an_old_file_is_named(clones):
    ann, _ = clones
    ann.revision("second")
    path = ann.file_of(ann.first)
    path.write_text(path.read_text() + "SELECT 1;\n")
    result = ann.sluice("check", status=9)
    assert str(path) in result.stdout and "--write" in result.stdout
    assert ann.findings() == [("edited", ann.first)]
    third = ann.revision("third")
    assert ann.findings() == [("edited", ann.first)], "a command does not hide it"
    ann.git("checkout", "-q", "HEAD~1", "--", str(path))
    ann.sluice("check")
    path.write_text(path.read_text() + "SELECT 1;\n")
    ann.sluice("check", "--write")
    ann.sluice("check")
    assert ann.head() == third


def test_a_merge_that_loses_a_line_is_found(clones):
    ann, ben = clones
    hers, his = ann.revision("hers", "--branch-label", "shop"), ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "-q", "--no-edit", "ben/main")
    sums = ann.migrations / "SUMS"
    kept = sums.read_text()
    sums.write_text("".join(line for line in kept.splitlines(True) if not line.startswith(his)))
    assert ann.findings() == [("added", his)]
    sums.write_text(kept)
    lost = ann.file_of(hers)
    os.remove(lost)
    assert ("gone", hers) in ann.findings()


def test_an_edited_head_that_was_built_upon(clones):
    """Ann edits the head, Ben builds on it as it was: git merges both in silence."""
    ann, ben = clones
    path = ann.file_of(ann.first)
    path.write_text(path.read_text().replace("-- sluice: expand\n",
                                             "-- sluice: expand\nSELECT 1;\n"))
    ann.sluice("check")
    ann.commit("edit the head")
    ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "-q", "--no-edit", "ben/main")
    assert [kind for kind, _ in ann.findings()] in (["edited"], ["head"])


def test_the_loser_of_a_race_without_head(clones):
    """Without HEAD both merge clean; check finds the two heads, and rebase takes a word."""
    ann, ben = clones
    for clone in clones:
        for name in ("HEAD", "SUMS"):
            os.remove(clone.migrations / name)
        clone.commit("keep no history")
    hers, his = ann.revision("hers"), ben.revision("his")
    ann.git("fetch", "-q", "ben")
    ann.git("merge", "-q", "--no-edit", "ben/main")
    assert [kind for kind, _ in ann.findings()] == ["heads"]
    refused = ann.sluice("rebase", status=2)
    assert f"sluice rebase {hers} --onto {his}" in refused.stderr
    ann.sluice("rebase", hers)
    assert ann.heads() == [hers]
    ann.sluice("check")


def test_the_example_of_the_docs(tmp_path):
    text = (ROOT / "docs/integrity.md").read_text()
    commands = re.search(r"^```sh\n(.*?)^```$", text, re.S | re.M)[1]
    env = {**Clone(tmp_path / "env").env, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/sluice").symlink_to(pathlib.Path(SLUICE).resolve())
    (tmp_path / "work").mkdir()
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", commands], cwd=tmp_path / "work",
                          env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Merge conflict in migrations/HEAD" in done.stdout + done.stderr
    assert "HEAD and SUMS fit" in done.stdout
    assert re.search(r"notes.*orders.*users", done.stdout[done.stdout.rindex("REVISION"):], re.S)
