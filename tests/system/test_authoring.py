"""init, revision, show, history, heads: everything that needs files and no database."""
import re

import pytest

from conftest import Project, run_sluice

RENAME = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name;
"""


@pytest.fixture
def files(tmp_path):
    """A project that knows no database."""
    return Project(tmp_path / "project")


def test_init_then_first_revisions(tmp_path):
    made = run_sluice("init", cwd=tmp_path)
    assert made.returncode == 0, made
    assert (tmp_path / "migrations").is_dir()
    first = run_sluice("revision", "-m", "Users & notes: tables", "--format", "json", cwd=tmp_path)
    assert first.json["revises"] is None
    assert re.fullmatch(r"[0-9a-f]{12}", first.json["id"])
    second = run_sluice("revision", "--message=second", "--format", "json", cwd=tmp_path)
    assert second.json["revises"] == first.json["id"]
    names = sorted(path.name for path in (tmp_path / "migrations").iterdir())
    assert any(re.fullmatch(rf"\d{{8}}_{first.json['id']}_users_notes_tables\.sql", name)
               for name in names)
    heads = run_sluice("heads", "--format", "json", cwd=tmp_path)
    assert [head["id"] for head in heads.json] == [second.json["id"]]
    history = run_sluice("history", cwd=tmp_path).stdout.splitlines()
    assert history[0].split() == ["REVISION", "TITLE"]
    assert history[1] == f"{second.json['id']}  second (head)"
    assert history[2] == f"{first.json['id']}  Users & notes: tables"


def test_a_new_revision_passes_its_own_check(tmp_path):
    run_sluice("init", cwd=tmp_path)
    made = run_sluice("revision", "-m", "empty", "--format", "json", cwd=tmp_path)
    shown = run_sluice("show", made.json["id"][:6], cwd=tmp_path)
    assert shown.returncode == 0, shown
    assert f"-- Revision: {made.json['id']}" in shown.stdout


def test_settings_of_init_are_all_known(tmp_path):
    """Every commented option is one: uncommented, the file is read without an error."""
    run_sluice("init", cwd=tmp_path)
    path = tmp_path / "sluice.yaml"
    text = re.sub(r"^# (?=[a-z]+:$|  )", "", path.read_text(), flags=re.M)
    assert "stall_budget" in text and "\n  stall_budget" in text
    path.write_text(text)
    result = run_sluice("heads", cwd=tmp_path)
    assert result.returncode == 0, result


def test_init_overwrites_nothing(tmp_path):
    (tmp_path / "sluice.yaml").write_text("migrations: mine\n")
    result = run_sluice("init", cwd=tmp_path)
    assert result.returncode == 8, result
    assert "'./sluice.yaml' exists already" in result.stderr
    assert "hint:" in result.stderr
    assert (tmp_path / "sluice.yaml").read_text() == "migrations: mine\n"


@pytest.mark.parametrize("arguments, status, words", [
    (["revision"], 2, "a revision needs a title"),
    (["revision", "-m", "  "], 2, "the title must be one line of text"),
    (["revision", "-m", "a\nb"], 2, "the title must be one line of text"),
    (["revision", "-m", "x", "--rev-id", "a b"], 2, "'a b' cannot be a revision id"),
    (["revision", "-m", "x", "--rev-id", "../../etc"], 2, "cannot be a revision id"),
    (["revision", "-m", "x", "--rev-id", "one"], 8, "revision 'one' exists already"),
    (["show", "two"], 2, "there is no revision 'two'"),
    (["show", "base"], 2, "there is nothing to show"),
    (["show"], 2, "'sluice show' needs REV"),
])
def test_refusals(files, arguments, status, words):
    files.revision("one", RENAME)
    before = sorted(files.migrations.iterdir())
    result = files.fails(status, *arguments)
    assert words in result.stderr
    assert sorted(files.migrations.iterdir()) == before


def test_missing_folder_names_init(tmp_path):
    result = run_sluice("heads", cwd=tmp_path)
    assert result.returncode == 3, result
    assert "sluice init" in result.stderr


def test_two_heads_are_shown_but_not_extended(files):
    files.revision("aaaa", RENAME)
    files.revision("bbbb", "", revises="aaaa")
    files.revision("cccc", "", revises="aaaa")
    assert {head["id"] for head in files.json("heads")} == {"bbbb", "cccc"}
    result = files.fails(8, "revision", "-m", "next")
    assert "bbbb" in result.stderr and "cccc" in result.stderr


def test_show_derives(files):
    files.revision("aaaa", RENAME)
    sections = files.json("show", "head")["sections"]
    derived = {section["kind"]: section for section in sections if section["derived"]}
    assert derived["sync reverse"]["sql"] == "SELECT display_name AS full_name;"
    assert derived["backfill"]["sql"].startswith('UPDATE "users" SET display_name = full_name')
    assert "display_name IS NULL" in derived["backfill"]["sql"]
    assert derived["verify"]["sql"].startswith('SELECT * FROM "users"\nWHERE')
    assert "zzzz_sluice_insert" in derived["triggers"]["sql"]
    written = [section["kind"] for section in sections if not section["derived"]]
    assert written == ["expand", "sync", "contract", "downgrade"]
    expand = sections[0]
    assert expand["line"] == 6 and expand["sql"].startswith("ALTER TABLE users ADD")


def test_show_keeps_what_is_written(files):
    files.revision("aaaa", RENAME + """
-- sluice: sync users reverse
SELECT upper(display_name) AS full_name;
-- sluice: verify
SELECT id FROM users WHERE false;
""")
    text = files.ok("show", "aaaa").stdout
    assert text.count("-- sluice: sync users reverse") == 1
    assert text.count("-- sluice: verify") == 1
    assert "-- sluice: backfill    (derived)" in text


def test_show_names_the_place_of_an_error(files):
    path = files.revision("aaaa", "-- sluice: expand\nALTER TABEL users ADD x int;\n")
    result = files.run("show", "aaaa", "--format", "json")
    assert result.returncode == 5, result
    error = result.json["error"]
    assert (error["file"], error["line"], error["code"]) == (str(path), 6, "sql")


def test_a_folder_below_finds_the_project(files):
    files.revision("aaaa", RENAME)
    below = files.folder / "src" / "deep"
    below.mkdir(parents=True)
    result = run_sluice("heads", cwd=below)
    assert result.stdout.startswith("aaaa "), result


def made(files, *args):
    return files.json("revision", "-m", "next", *args)["path"]


def header(path):
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if re.match("-- [A-Z][a-z]+: ", line)]


def test_heads_and_branches(files):
    files.revision("aaaa", RENAME)
    files.revision("bbbb", "", revises="aaaa")
    refused = files.fails(8, "revision", "-m", "x", "--head", "aaaa")
    assert "'aaaa' is not a head: 'bbbb' revises it" in refused.stderr
    assert "`--head bbbb`" in refused.stderr and "`--splice`" in refused.stderr
    shop = made(files, "--head", "aaaa", "--splice", "--branch-label", "shop", "--rev-id", "cccc",
                "--depends-on", "bbbb", "--depends-on", "aaaa:backfilled")
    assert header(shop)[:5] == [
        "-- Revision: cccc", "-- Revises: aaaa", "-- Branch: shop", "-- Requires: bbbb expanded",
        "-- Requires: aaaa backfilled"]
    several = files.fails(8, "revision", "-m", "x")
    assert "`--head bbbb`, `--head shop@head`" in several.stderr
    assert "sluice merge" in several.stderr
    assert "-- Revises: cccc" in header(made(files, "--head", "shop@head", "--rev-id", "dddd"))
    root = header(made(files, "--head", "base", "--branch-label", "bill", "--rev-id", "eeee"))
    assert not any(line.startswith("-- Revises") for line in root)
    assert {head["id"] for head in files.json("heads")} == {"bbbb", "dddd", "eeee"}
    files.ok("check", "--write", "--offline")
    assert {path.name for path in files.migrations.glob("HEAD*")} == {"HEAD", "HEAD.shop",
                                                                     "HEAD.bill"}
    kept = files.fails(8, "revision", "-m", "x", "--head", "aaaa", "--splice")
    assert "second head beside 'bbbb'" in kept.stderr and "--branch-label" in kept.stderr


@pytest.mark.parametrize("arguments, status, words", [
    (["--branch-label", "a b"], 2, "cannot be a branch label"),
    (["--branch-label", "head"], 2, "cannot be a branch label"),
    (["--branch-label", "aaaa"], 8, "'aaaa' names a revision already"),
    (["--depends-on", "aaaa:done"], 2, "unknown state 'done'"),
    (["--depends-on", "nothing"], 2, "nothing"),
    (["--rev-id", "base"], 2, "cannot be a revision id"),
    (["--head", "nowhere"], 2, "nowhere"),
    (["-o", "revision.file_template={slag}.sql"], 3, "Did you mean '{slug}'?"),
    (["-o", "revision.file_template=next.sql"], 8, "next.sql"),
])
def test_refused_revisions(files, arguments, status, words):
    files.revision("aaaa", RENAME)
    (files.migrations / "next.sql").write_text("-- Revision: zzzz\n-- Revises: aaaa\n")
    before = sorted(files.migrations.iterdir())
    result = files.fails(status, "revision", "-m", "x", *arguments)
    assert words in result.stderr
    assert sorted(files.migrations.iterdir()) == before


def test_names_of_files(files):
    files.settings("revision:\n  file_template: '{year}{month}{day}{time}_{slug}.sql'\n"
                   "  slug_length: 5\n")
    path = files.json("revision", "-m", "a long title")["path"]
    assert re.fullmatch(r"\d{14}_a_lon\.sql", path.rsplit("/", 1)[1])


def test_merge(files):
    files.revision("aaaa", RENAME)
    assert "there is one head only" in files.fails(8, "merge").stderr
    files.revision("bbbb", "", revises="aaaa")
    files.revision("cccc", "", revises="aaaa")
    assert "one is named" in files.fails(2, "merge", "bbbb").stderr
    merged = files.json("merge", "--rev-id", "dddd", "--branch-label", "joined")
    assert merged["revises"] == ["bbbb", "cccc"]
    assert "-- Title: merge bbbb, cccc" in header(merged["path"])
    assert [head["id"] for head in files.json("heads")] == ["dddd"]
    files.ok("check", "--offline")
