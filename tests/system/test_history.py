"""heads, branches, history, show, current: what the files say, and what the database has."""
import pytest

from conftest import Project

TABLE = """-- sluice: expand
CREATE TABLE {0} (id bigint);

-- sluice: downgrade
DROP TABLE {0};
"""


def forest(project):
    """root - fork - shop1 - shop2     (label shop; required by bill2)
                 \\- bill1 - bill2     (label bill)
    """
    def write(name, parents="", extra=""):
        project.revision(name, extra + "\n" + TABLE.format(name), revises=parents)
    write("root")
    write("fork", "root")
    write("shop1", "fork", "-- Branch: shop")
    write("shop2", "shop1")
    write("bill1", "fork", "-- Branch: bill")
    write("bill2", "bill1", "-- Requires: shop2 expanded")


@pytest.fixture
def files(tmp_path):
    return Project(tmp_path / "project")


def ids(listed):
    return [entry["id"] for entry in listed]


def test_heads_tell_who_requires_them(files):
    forest(files)
    heads = files.json("heads")
    assert ids(heads) == ["shop2", "bill2"]
    assert [head["effective_head"] for head in heads] == [False, True]
    assert heads[0]["required_by"] == ["bill2"]
    assert heads[1]["requires"] == [{"id": "shop2", "state": "expanded"}]
    assert "shop2  change shop2 (head, required by bill2)" in files.ok("heads").stdout
    assert "-- Requires: shop2 expanded" in files.ok("heads", "-v").stdout
    assert ids(files.json("heads", "--resolve-dependencies")) == ["bill2"]


def test_branches(files):
    assert "no revision has two children" in files.ok("branches").stdout
    forest(files)
    [point] = files.json("branches")
    assert point["id"] == "fork" and point["branch_point"]
    assert [(child["id"], child["labels"]) for child in point["children"]] == \
        [("bill1", ["bill"]), ("shop1", ["shop"])]
    assert "  -> shop1  change shop1 (shop)" in files.ok("branches").stdout


@pytest.mark.parametrize("words, expected", [
    ((), ["bill2", "shop2", "shop1", "bill1", "fork", "root"]),
    (("-r", "fork:shop@head"), ["shop2", "shop1", "fork"]),
    (("--range", ":fork"), ["fork", "root"]),
    (("-r", "shop@head-1:"), ["shop2", "shop1"]),
])
def test_history_of_a_range(files, words, expected):
    forest(files)
    assert ids(files.json("history", *words)) == expected


@pytest.mark.parametrize("words, message", [
    (("history", "-r", "shop1:bill1"), "'bill1' is not below 'shop1'"),
    (("history", "-r", "shop1"), "'shop1' is no range"),
    (("show", "fork+1"), "'fork+1' is ambiguous, there are several children: use bill1 or shop1"),
    (("show", "head"), "'head' is ambiguous, there are several heads: use shop2 or bill2"),
    (("show", "shop@bill1"), "revision 'bill1' is not in the branch 'shop'"),
])
def test_words_that_do_not_fit(files, words, message):
    forest(files)
    assert message in files.fails(2, *words).stderr


def test_history_marks(files):
    forest(files)
    lines = files.ok("history", "-v").stdout.splitlines()
    assert lines[0].split() == ["REVISION", "REVISES", "REQUIRES", "CREATED", "FILE", "TITLE"]
    [bill2] = [line for line in lines if line.startswith("bill2")]
    assert "shop2 expanded" in bill2 and bill2.endswith("change bill2 (head)")
    [fork] = [line for line in lines if line.startswith("fork")]
    assert fork.endswith("(branch point)")


def test_words_that_need_a_database_say_so(files):
    forest(files)
    for words in (("history", "-i"), ("history", "-r", "current:"), ("show", "current")):
        assert "no database is named" in files.fails(3, *words).stderr


def test_show_several(files):
    forest(files)
    assert ids(files.json("show", "heads")) == ["shop2", "bill2"]
    assert ids(files.json("show", "root", "shop@head", "root")) == ["root", "shop2"]
    assert files.json("show", "shop")["id"] == "shop1"
    verbose = files.ok("show", "shop2", "-v").stdout
    assert "-- Required by: bill2" in verbose
    assert "-- Revised by: bill1, shop1" in files.ok("show", "fork", "-v").stdout


def test_current_and_history_know_the_database(project):
    forest(project)
    project.ok("upgrade", "shop1")
    project.ok("upgrade", "bill1")
    current = project.json("current")["revisions"]
    assert {row["id"]: row["current"] for row in current} == \
        {"root": False, "fork": False, "shop1": True, "bill1": True}
    text = project.ok("current").stdout
    assert "shop1" in text and "root" not in text
    assert "and 2 more that are done (-v lists them)" in text
    assert "root" in project.ok("current", "-v").stdout
    assert ids(project.json("show", "current")) == ["bill1", "shop1"]
    assert ids(project.json("history", "-r", "bill@-1:bill@current")) == ["bill1", "fork"]
    marked = project.json("history", "-i")
    assert [row["id"] for row in marked if row["current"]] == ["shop1", "bill1"]
    assert "(current)" in project.ok("history", "-i").stdout


def test_check_heads_names_what_is_missing(project, database):
    forest(project)
    project.ok("upgrade", "shop1")
    failed = project.fails(9, "current", "--check-heads")
    for name in ("bill2", "shop2", "bill1"):
        assert name in failed.stderr.split("hint")[0]
    assert "sluice upgrade heads" in failed.stderr
    project.ok("upgrade", "heads")
    project.ok("current", "--check-heads")
    database.execute("DELETE FROM sluice.revision WHERE id = 'shop1'")
    assert "it lacks shop1" in project.fails(9, "current", "--check-heads").stderr


def test_current_without_files(project):
    forest(project)
    project.ok("upgrade", "shop1")
    for path in project.migrations.iterdir():
        path.unlink()
    project.migrations.rmdir()
    assert ids(project.json("current")["revisions"]) == ["root", "fork", "shop1"]
    assert "root" in project.ok("current").stdout
    project.fails(3, "current", "--check-heads")


def test_history_of_the_ledger(project):
    assert project.json("history", "--database") == []
    forest(project)
    project.ok("upgrade", "shop1", env={"SLUICE_ACTOR": "ada@desk"})
    project.ok("stamp", "bill1", env={"SLUICE_ACTOR": "bob@desk"})
    past = project.json("history", "--database")
    assert [row["revision"] for row in past][0] == "bill1"
    assert {row["revision"]: (row["phase"], row["by"], row["origin"]) for row in past}["bill1"] == \
        ("expand", "bob@desk", "stamped")
    assert [(row["revision"], row["by"], row["origin"]) for row in past if row["revision"] == "shop1"] \
        == [("shop1", "ada@desk", "run")]
    assert [row["at"] for row in past] == sorted((row["at"] for row in past), reverse=True)
    assert ids([{"id": row["revision"]} for row in
                project.json("history", "--database", "-r", ":fork")]) == ["fork", "root"]
    assert project.ok("history", "--database").stdout.splitlines()[0].split() == \
        ["WHEN", "REVISION", "PHASE", "BY", "ORIGIN", "TITLE"]
