"""`sluice import sqitch`: a plan made with the real Sqitch, run by both, ends the same."""
import pytest

from import_fixtures import findings, imported, need, other, run, schema


class Sqitch:
    """A project of the real Sqitch."""

    def __init__(self, folder, database):
        self.folder, self.database = folder, database
        folder.mkdir()
        (folder / "home").mkdir()
        self("init", "shop", "--engine", "pg")

    def __call__(self, *words):
        home = self.folder / "home"
        env = {"SQITCH_FULLNAME": "A Planner", "SQITCH_EMAIL": "a@example.com", "HOME": str(home),
               "TZ": "UTC"}
        return run("sqitch", *words, cwd=self.folder, env=env)

    def target(self):
        return "db:pg:" + self.database.url.split("postgresql:")[-1]

    def write(self, name, deploy, revert, verify="SELECT 1;\n"):
        for kind, text in (("deploy", deploy), ("revert", revert), ("verify", verify)):
            (self.folder / kind / f"{name}.sql").write_text(f"-- {kind.title()} it\n{text}")

    def add(self, name, deploy, revert, *options):
        self("add", name, "-n", f"Adds {name}", *options)
        self.write(name, deploy, revert)


@pytest.fixture
def sqitch(tmp_path, other):
    need("sqitch")
    return Sqitch(tmp_path / "theirs", other)


def plan(sqitch):
    sqitch.add("users", "BEGIN;\nCREATE TABLE users (id int PRIMARY KEY, old text);\nCOMMIT;\n",
               "BEGIN;\nDROP TABLE users;\nCOMMIT;\n")
    sqitch.add("mood", "CREATE TYPE mood AS ENUM ('sad');\nALTER TYPE mood ADD VALUE 'ok';\n"
                       "CREATE TABLE moods (m mood DEFAULT 'ok');\n",
               "DROP TABLE moods;\nDROP TYPE mood;\n", "--requires", "users")
    sqitch.add("f", "BEGIN;\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1 $$;\n"
                    "COMMIT;\n", "DROP FUNCTION f();\n", "--requires", "users", "--conflicts", "gone")
    sqitch("tag", "v1.0", "-n", "first")
    sqitch("rework", "f", "-n", "f of two")
    sqitch.write("f", "BEGIN;\nCREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT "
                      "2 $$;\nCOMMIT;\n", "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql "
                                          "AS $$ SELECT 1 $$;\n")
    sqitch.add("gone", "\\ir ../parts/drop.sql\n\\set ON_ERROR_STOP on\n",
               "ALTER TABLE users ADD old text;\n", "--requires", "users")
    (sqitch.folder / "parts").mkdir()
    (sqitch.folder / "parts/drop.sql").write_text("ALTER TABLE users DROP COLUMN old;\n")


def test_same_schema_up_and_down(sqitch, project, database):
    plan(sqitch)
    sqitch("deploy", sqitch.target())
    result = imported(project, "sqitch", sqitch.folder)
    assert [r["id"] for r in result["revisions"]] == ["users", "mood", "f_v1.0", "f", "gone"]
    assert [r["name"] for r in result["revisions"]] == ["users", "mood", "f@v1.0", "f", "gone"]
    project.ok("upgrade")
    theirs = sqitch.database
    theirs.execute("DROP SCHEMA sqitch CASCADE")
    assert schema(database) == schema(theirs)
    empty = theirs
    empty.execute("DROP TABLE users, moods; DROP TYPE mood; DROP FUNCTION f()")
    project.ok("downgrade", "base")
    assert schema(database) == schema(empty)


def test_titles_dates_requirements_tags(sqitch, project):
    plan(sqitch)
    project.ok("import", "sqitch", sqitch.folder)
    texts = {path.read_text().splitlines()[0].split()[-1]: path.read_text()
             for path in project.migrations.glob("*.sql")}
    assert "-- Title: Adds users\n" in texts["users"]
    assert "-- Created: 20" in texts["users"]
    assert "-- Requires: users expanded\n" in texts["mood"]
    assert "-- | conflicts with gone\n" in texts["f_v1.0"]
    assert "-- | tagged @v1.0\n" in texts["f_v1.0"]
    assert "-- Requires: f_v1.0 expanded\n" in texts["f"]
    assert "-- |     SELECT 1;\n" in texts["users"]
    assert "-- Transaction: statement\n" in texts["mood"]
    assert "-- Transaction: statement\n" not in texts["users"]
    assert "BEGIN" not in texts["users"].replace("| ", "")


def test_what_cannot_come_is_listed(sqitch, project):
    sqitch.add("a", "SELECT :'variable';\n", "SELECT 1;\n")
    sqitch.add("b", "SELECT 1 \\gset\n", "SELECT 1;\n", "--requires", "other:thing")
    (sqitch.folder / "deploy/b.sql").write_text("SELECT 1 \\gset\n")
    sqitch.add("c", "", "")
    (sqitch.folder / "deploy/c.sql").unlink()
    result = project.json("import", "sqitch", sqitch.folder)
    whats = findings(result)
    assert "it requires 'other:thing', which is not in this plan" in whats
    assert "psql's command '\\gset' is not SQL" in whats
    assert "the change 'c' has no deploy script" in whats
    assert any("syntax error" in what for what in whats)
    assert not any(r["complete"] for r in result["revisions"])
    project.fails(9, "upgrade")


def test_no_project(tmp_path, project):
    assert "is no Sqitch project" in project.fails(3, "import", "sqitch", tmp_path).stderr
