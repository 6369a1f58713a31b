"""`sluice import dbmate|flyway|sql`: tools whose migrations are SQL files.

dbmate is the real one. Flyway needs a Java machine and is no package of Debian's: its files are
written by hand here, as its documentation describes them; so are those of golang-migrate and goose.
"""
import pytest

from import_fixtures import dbmate, findings, imported, other, run, schema


def write(folder, files):
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def texts(project):
    return {path.read_text().splitlines()[0].split()[-1]: path.read_text()
            for path in project.migrations.glob("*.sql")}


DBMATE = {
    "20210101120000_create_users.sql": '''-- migrate:up
CREATE TABLE users (id int PRIMARY KEY, name text);
INSERT INTO users VALUES (1, 'a;b -- migrate:down');
-- migrate:down
DROP TABLE users;
''',
    "20210102120000_index.sql": '''-- migrate:up transaction:false
CREATE INDEX CONCURRENTLY users_name ON users (name);

-- migrate:down transaction:false
DROP INDEX CONCURRENTLY users_name;
''',
    "20210103120000_drop_name.sql": '''-- migrate:up
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;
ALTER TABLE users DROP COLUMN name;
-- migrate:down
ALTER TABLE users ADD COLUMN name text;
CREATE INDEX users_name ON users (name);
DROP FUNCTION f();
''',
}


def test_dbmate(dbmate, tmp_path, project, database, other):
    theirs = tmp_path / "theirs"
    write(theirs / "db/migrations", DBMATE)
    info = other.server.info
    url = f"postgres:///{other.name}?user=postgres&socket={other.server.folder}&" \
          f"port={info['port']}&sslmode=disable"

    def run_dbmate(*words):
        run(dbmate, "--no-dump-schema", "--url", url, *words, cwd=theirs)

    run_dbmate("up")
    result = imported(project, "dbmate", theirs)
    assert [r["id"] for r in result["revisions"]] == [name[:14] for name in DBMATE]
    project.ok("upgrade")
    assert schema(database) == schema(other, "schema_migrations")
    assert database.query("SELECT * FROM users") == other.query("SELECT * FROM users")
    assert "-- Transaction: statement\n" in texts(project)["20210102120000"]
    for _ in DBMATE:
        run_dbmate("down")
    project.ok("downgrade", "base")
    assert schema(database) == schema(other, "schema_migrations")


def test_dbmate_pairs_run_down_in_reverse(tmp_path, project):
    write(tmp_path / "d", {"1_two.sql": "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 10;\n"
                                        "-- migrate:up\nSELECT 2;\n-- migrate:down\nSELECT 20;\n"})
    imported(project, "dbmate", tmp_path / "d")
    [text] = texts(project).values()
    assert "-- sluice: expand\nSELECT 1;\nSELECT 2;\n" in text
    assert "-- sluice: downgrade\nSELECT 20;\nSELECT 10;\n" in text


FLYWAY = {
    "V1__create_users.sql": "CREATE TABLE users (id int PRIMARY KEY);\n",
    "U1__create_users.sql": "DROP TABLE users;\n",
    "V1_2__add_name.sql": "ALTER TABLE users ADD COLUMN name text;\n",
    "more/V1.10__index.sql": "CREATE INDEX CONCURRENTLY users_name ON users (name);\n",
    "more/V1.10__index.sql.conf": "executeInTransaction=false\n",
    "R__names.sql": "CREATE OR REPLACE VIEW names AS SELECT name FROM users;\n",
}


def test_flyway(tmp_path, project, database):
    write(tmp_path / "f", FLYWAY)
    result = project.json("import", "flyway", tmp_path / "f")
    assert [r["id"] for r in result["revisions"]] == ["1", "1.2", "1.10", "R__names"]
    [finding] = result["findings"]
    assert finding["revision"] == "R__names"
    assert finding["what"].startswith("a repeatable migration comes once")
    project.ok("upgrade")
    assert database.query("SELECT * FROM names") == []
    assert "-- Transaction: statement\n" in texts(project)["1.10"]
    assert "-- sluice: downgrade\nDROP TABLE users;\n" in texts(project)["1"]
    assert "-- sluice: downgrade" not in texts(project)["1.2"]
    # a new version goes behind the repeatable one, and the rest stays
    write(tmp_path / "f", {"V2__more.sql": "CREATE TABLE more (id int);\n",
                           "R__names.sql": "CREATE OR REPLACE VIEW names AS SELECT 1 AS name;\n"})
    again = project.json("import", "flyway", tmp_path / "f")
    assert {r["id"]: r["outcome"] for r in again["revisions"]} == {
        "1": "kept", "1.2": "kept", "1.10": "kept", "R__names": "edited", "2": "added"}
    assert "-- Revises: R__names\n" in texts(project)["2"]
    assert "SELECT name FROM users" in texts(project)["R__names"]


def test_flyway_lists_what_does_not_come(tmp_path, project):
    write(tmp_path / "f", {"V1__a.sql": "CREATE TABLE ${schema}.t (id int);\n",
                           "V1.0.1__java.java": "class X {}\n", "U9__x.sql": "SELECT 1;\n",
                           "B3__base.sql": "SELECT 1;\n"})
    whats = findings(project.json("import", "flyway", tmp_path / "f"))
    assert "the script has Flyway's placeholders, ${..}" in whats
    assert "a migration in another language than SQL is left out" in whats
    assert "it undoes version 9, which no file makes" in whats
    assert any(what.startswith("a baseline migration") for what in whats)
    project.fails(9, "upgrade")


def test_plain_files_in_order_of_their_names(tmp_path, project, database):
    write(tmp_path / "s", {"2_more.sql": "ALTER TABLE t ADD COLUMN b int;\n",
                           "10_last.sql": "ALTER TABLE t DROP COLUMN a;\n",
                           "1_first.sql": "BEGIN;\nCREATE TABLE t (a int);\nCOMMIT;\n"})
    result = imported(project, "sql", tmp_path / "s")
    assert [r["id"] for r in result["revisions"]] == ["1", "2", "10"]
    project.ok("upgrade")
    assert database.query("SELECT attname FROM pg_attribute WHERE attrelid = 't'::regclass "
                          "AND attnum > 0 AND NOT attisdropped") == [("b",)]


def test_golang_migrate_and_goose(tmp_path, project):
    write(tmp_path / "m", {"000001_t.up.sql": "CREATE TABLE t (a int);\n",
                           "000001_t.down.sql": "DROP TABLE t;\n",
                           "000002_g.sql": "-- +goose Up\n-- +goose StatementBegin\nSELECT 1;\n"
                                           "-- +goose StatementEnd\n\n-- +goose Down\nSELECT 2;\n",
                           "000003_n.sql": "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 3;\n"})
    imported(project, "sql", tmp_path / "m")
    assert "-- sluice: expand\nCREATE TABLE t (a int);\n\n-- sluice: downgrade\nDROP TABLE t;\n" \
        in texts(project)["000001"]
    assert "-- sluice: downgrade\nSELECT 2;\n" in texts(project)["000002"]
    assert "-- Transaction: statement\n" in texts(project)["000003"]
    project.ok("upgrade")
    assert "has no section" in project.fails(8, "downgrade", "000002").stderr


def test_psql_files(tmp_path, project):
    write(tmp_path / "s", {"1_a.sql": "\\restrict token\n\\ir parts/x.sql\n\\unrestrict token\n",
                           "parts/x.sql": "CREATE TABLE t (a int);\n",
                           "2_b.sql": "CREATE TABLE u (a int);\nCOPY u FROM stdin;\n1\n\\.\n",
                           "3_c.sql": "SELECT 1;\n\\copy u FROM 'x.csv'\n"})
    result = project.json("import", "sql", tmp_path / "s")
    assert [(f["line"], f["what"]) for f in result["findings"]] == [
        (2, "COPY from stdin carries its data in the script"),
        (2, "psql's command '\\copy' is not SQL")]
    assert [r["complete"] for r in result["revisions"]] == [True, False, False]
    assert "CREATE TABLE t (a int);\n" in texts(project)["1"]


def test_a_marker_of_ours_in_a_file_of_theirs(tmp_path, project):
    write(tmp_path / "s", {"1_a.sql": "CREATE TABLE t (a int);\n-- sluice: contract\nDROP TABLE "
                                      "t;\n"})
    result = project.json("import", "sql", tmp_path / "s")
    assert findings(result) == ["its text cannot stand in a revision file"]
    project.fails(9, "upgrade")


def test_two_files_of_one_version(tmp_path, project):
    write(tmp_path / "s", {"1_a.sql": "SELECT 1;\n", "1_b.sql": "SELECT 2;\n"})
    failed = project.fails(3, "import", "sql", tmp_path / "s")
    assert "are both revision '1'" in failed.stderr
    assert list(project.migrations.glob("*.sql")) == []


def test_unknown_tool_and_folder(tmp_path, project):
    assert "Did you mean 'alembic'?" in project.fails(2, "import", "alembik", tmp_path).stderr
    assert "cannot read the folder" in project.fails(3, "import", "sql", tmp_path / "no").stderr


def test_text_report(tmp_path, project):
    write(tmp_path / "s", {"1_a.sql": "SELECT 1;\n", "2_b.sql": "NO SQL;\n"})
    out = project.ok("import", "sql", tmp_path / "s").stdout
    assert "2 added, 0 there already, 0 there with another text\n" in out
    assert "not as it was:\n" in out
    assert "1 to be filled in by hand" in out


def test_history_that_destroys_needs_leave_where_there_are_rows(tmp_path, project, database):
    write(tmp_path / "s", {"1_a.sql": "CREATE TABLE t (a int, b int);\nINSERT INTO t VALUES (1, 2);\n"})
    imported(project, "sql", tmp_path / "s")
    project.ok("upgrade")
    write(tmp_path / "s", {"2_b.sql": "ALTER TABLE t DROP COLUMN b;\n"})
    imported(project, "sql", tmp_path / "s")
    failed = project.fails(9, "upgrade")
    assert "2 (imported) drops column" in failed.stderr and "(in t)" in failed.stderr
    assert "--allow-destructive" in failed.stderr
    assert database.query("SELECT * FROM t") == [(1, 2)]
    warned = project.ok("upgrade", "--dry-run")
    assert "2 (imported) drops column" in warned.stdout
    assert "drops column" in project.ok("upgrade", "--allow-destructive").stderr
    assert database.query("SELECT * FROM t") == [(1,)]


def test_history_that_destroys_runs_on_a_new_database(tmp_path, project, database):
    write(tmp_path / "s", {"1_a.sql": "CREATE TABLE t (a int, b int);\nINSERT INTO t VALUES (1, 2);\n",
                           "2_b.sql": "ALTER TABLE t DROP COLUMN b;\n"})
    imported(project, "sql", tmp_path / "s")
    project.ok("upgrade")
    assert database.query("SELECT * FROM t") == [(1,)]


@pytest.mark.parametrize("tool", ["rails", "dbmate", "flyway", "sql"])
def test_a_folder_without_migrations(project, tmp_path, tool):
    empty = tmp_path / "empty"
    empty.mkdir()
    result = project.fails(3, "import", tool, empty)
    assert f"'{empty}' holds no migration of" in result.stderr
    assert "Name the folder that holds them: " in result.stderr


def test_files_are_the_same_wherever_they_are_made(project, tmp_path):
    theirs = project.folder / "db/migrations"
    write(theirs, {"1_a.sql": "-- migrate:up\nSELECT 1;\n"})
    for named in (".", project.folder, theirs):
        project.ok("import", "dbmate", named)
        text, = texts(project).values()
        assert "\n-- from " in text and str(project.folder) not in text
        for path in project.migrations.glob("*.sql"):
            path.unlink()
