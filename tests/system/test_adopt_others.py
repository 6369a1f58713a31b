"""What the real Rails, dbmate and Sqitch applied is adopted; Rails and dbmate go on beside sluice.
Flyway is not here to run: its table is made as it makes it."""
import pytest

from alembic_fixtures import applied, tables
from import_fixtures import dbmate, need, run  # noqa: F401

ONE, TWO, THREE = "20260101000001", "20260101000002", "20260101000003"
VERSIONS = (ONE, TWO, THREE)

RAILS = """
require "active_record"
ActiveRecord::Base.establish_connection(ENV["TCP_URL"])
ActiveRecord::Migration.verbose = false
context = ActiveRecord::MigrationContext.new(ARGV[0], ActiveRecord::SchemaMigration)
case ARGV[1]
when "up" then context.up(ARGV[2] ? ARGV[2].to_i : nil)
when "down" then context.run(:down, ARGV[2].to_i)
when "rollback" then context.rollback(ARGV[2].to_i)
when "status" then puts context.migrations_status.map { |row| row.join(" ") }
end
"""


def add_to_sluice(project, names):
    """A chain of revisions, each of which makes table t_<name>."""
    before = None
    for name in names:
        table = name.replace(".", "_")
        project.revision(name, f"-- sluice: expand\nCREATE TABLE t_{table} (id int);\n"
                               f"-- sluice: downgrade\nDROP TABLE t_{table};\n", revises=before)
        before = name


def versions(database, table="schema_migrations"):
    return {row[0] for row in database.query(f"SELECT version FROM {table}")}


@pytest.fixture
def rails(project, database):
    need("ruby")
    folder = project.folder / "db"
    folder.mkdir()
    for n, version in enumerate(VERSIONS):
        (folder / f"{version}_make{n}.rb").write_text(
            f"class Make{n} < ActiveRecord::Migration[6.1]\n"
            f"  def up\n    execute 'CREATE TABLE t_{version} (id int)'\n  end\n"
            f"  def down\n    execute 'DROP TABLE t_{version}'\n  end\nend\n")
    add_to_sluice(project, VERSIONS)
    return lambda *words: run("ruby", "-W0", "-e", RAILS, folder, *words, cwd=project.folder,
                              env={"TCP_URL": database.tcp_url}).stdout


def test_rails(rails, project, database):
    rails("up", TWO)
    found = project.json("adopt")
    assert (found["tool"], found["adopted"]) == ("rails", [ONE, TWO])
    project.ok("upgrade")
    assert versions(database) == set(VERSIONS) == tables(database)
    assert [line.split()[0] for line in rails("status").splitlines()] == ["up"] * 3
    rails("rollback", 2)
    result = project.ok("upgrade", TWO)
    assert f"taken back {THREE}" in result.stderr
    assert versions(database) == {ONE, TWO} == tables(database) == applied(project)
    rails("up")
    project.ok("downgrade", ONE)
    assert versions(database) == {ONE} == tables(database) == applied(project)
    rails("up")
    project.ok("downgrade", "base")
    assert versions(database) == set() == tables(database) == applied(project)
    assert database.value("SELECT count(*) FROM ar_internal_metadata") == 1


def test_rails_undoes_one_in_the_middle(rails, project, database):
    """Its rows are a set: what is gone from it is a hole, and the next upgrade fills it."""
    rails("up")
    project.ok("adopt")
    rails("down", TWO)
    project.ok("upgrade", THREE)
    assert versions(database) == set(VERSIONS) == tables(database) == applied(project)


def test_rails_is_not_told_of_what_it_cannot_name(rails, project, database):
    rails("up")
    project.ok("adopt")
    project.revision("3f2a9c1b7d20", "-- sluice: expand\nCREATE TABLE t_x (id int);\n"
                                     "-- sluice: downgrade\nDROP TABLE t_x;\n", revises=THREE)
    project.ok("upgrade")
    assert versions(database) == set(VERSIONS)
    project.ok("upgrade")
    assert "3f2a9c1b7d20" in applied(project)
    assert project.json("status")["warnings"] == []


def test_dbmate(project, database, dbmate):  # noqa: F811
    folder = project.folder / "db"
    folder.mkdir()
    for n, version in enumerate(VERSIONS):
        (folder / f"{version}_make{n}.sql").write_text(
            f"-- migrate:up\nCREATE TABLE t_{version} (id int);\n\n"
            f"-- migrate:down\nDROP TABLE t_{version};\n")
    add_to_sluice(project, VERSIONS)

    def mate(*words):
        return run(dbmate, "--url", database.tcp_url + "?sslmode=disable", "-d", folder,
                   "--no-dump-schema", *words, cwd=project.folder).stdout

    mate("up")
    mate("rollback")
    found = project.json("adopt")
    assert (found["tool"], found["adopted"], found["kept"]) == ("dbmate", [ONE, TWO], True)
    project.ok("upgrade")
    assert "Pending: 0" in mate("status")
    mate("rollback")
    assert f"taken back {THREE}" in project.ok("upgrade", TWO).stderr
    project.ok("downgrade", ONE)
    assert versions(database) == {ONE} == tables(database) == applied(project)
    mate("up")
    assert f"adopted {THREE}" in project.ok("downgrade", TWO).stderr
    assert versions(database) == {ONE, TWO} == tables(database) == applied(project)


def test_sqitch(project, database):
    need("sqitch")
    folder = project.folder / "sqitch"
    folder.mkdir()
    names = ["accounts", "shops", "orders"]
    env = {"SQITCH_FULLNAME": "Ada", "SQITCH_EMAIL": "ada@example.com"}

    def sqitch(*words):
        return run("sqitch", *words, cwd=folder, env=env).stdout

    target = "db:" + database.tcp_url.replace("postgresql://", "pg://")
    sqitch("init", "shop", "--engine", "pg")
    for name in names:
        sqitch("add", name, "-n", f"make {name}")
        for kind, sql in (("deploy", f"CREATE TABLE t_{name} (id int);"),
                          ("revert", f"DROP TABLE t_{name};"), ("verify", "SELECT 1;")):
            (folder / kind / f"{name}.sql").write_text(f"BEGIN;\n{sql}\nCOMMIT;\n")
    sqitch("deploy", "--to", "shops", target)
    add_to_sluice(project, names)
    found = project.json("adopt")
    assert (found["tool"], found["adopted"], found["kept"]) == ("sqitch", names[:2], False)
    sqitch("deploy", target)
    assert project.json("adopt")["adopted"] == ["orders"]
    project.ok("downgrade", "shops")
    assert tables(database) == {"accounts", "shops"}
    assert database.value("SELECT count(*) FROM sqitch.changes") == 3
    assert "the ledger has" not in project.ok("adopt", "--dry-run").stderr
    database.execute("INSERT INTO sqitch.projects (project, creator_name, creator_email) "
                     "VALUES ('other', 'x', 'y')")
    database.execute("INSERT INTO sqitch.changes SELECT 'x', 'y', change, 'other', note, now(), "
                     "'a', 'b', now(), 'c', 'd' FROM sqitch.changes LIMIT 1")
    result = project.fails(2, "adopt")
    assert "--project" in result.stderr
    assert project.json("adopt", "sqitch", "--project", "shop")["adopted"] == ["orders"]


def test_sqitch_reworked(project, database):
    """The older of two changes of one name is the one with the tag, the newer one is not there."""
    need("sqitch")
    folder = project.folder / "sqitch"
    folder.mkdir()
    env = {"SQITCH_FULLNAME": "Ada", "SQITCH_EMAIL": "ada@example.com"}
    target = "db:" + database.tcp_url.replace("postgresql://", "pg://")

    def sqitch(*words):
        return run("sqitch", *words, cwd=folder, env=env).stdout

    def write(name, n):
        (folder / "deploy" / f"{name}.sql").write_text(f"CREATE TABLE t_{name}{n} (id int);\n")
        (folder / "revert" / f"{name}.sql").write_text(f"DROP TABLE t_{name}{n};\n")

    sqitch("init", "shop", "--engine", "pg")
    sqitch("add", "view", "-n", "first")
    write("view", 1)
    sqitch("add", "other", "-n", "other")
    write("other", 1)
    sqitch("tag", "v1", "-n", "v1")
    sqitch("rework", "view", "-n", "second")
    write("view", 2)
    names = {revision["name"]: revision["id"]
             for revision in project.json("import", "sqitch", folder)["revisions"]}
    sqitch("deploy", "--no-verify", "--to", "@v1", target)
    assert project.json("adopt")["adopted"] == [names["view@v1"], names["other"]]
    sqitch("deploy", "--no-verify", target)
    assert project.json("adopt")["adopted"] == [names["view"]]


FLYWAY = """CREATE TABLE flyway_schema_history (installed_rank int PRIMARY KEY,
    version varchar(50), description varchar(200) NOT NULL, type varchar(20) NOT NULL,
    script varchar(1000) NOT NULL, checksum int, installed_by varchar(100) NOT NULL,
    installed_on timestamp NOT NULL DEFAULT now(), execution_time int NOT NULL,
    success boolean NOT NULL)"""


@pytest.mark.parametrize("history,expected", [
    ([("1", "SQL", True), ("1.2", "SQL", True)], ["1", "1.2"]),
    ([("1", "SQL", True), ("1.2", "SQL", False)], ["1"]),
    ([("1.10", "BASELINE", True)], ["1", "1.2", "1.10"]),
    ([("1.9", "BASELINE", True), ("2", "SQL", True)], ["1", "1.2", "2"]),
    ([("1", "SQL", True), ("1.2", "SQL", True), ("1.2", "UNDO_SQL", True)], ["1"]),
    ([("1", "SQL", True), (None, "SQL", True), ("1.2", "JDBC", True), ("1.2", "DELETE", True)],
     ["1"]),
])
def test_flyway(project, database, history, expected):
    add_to_sluice(project, ["1", "1.2", "1.10", "2"])
    database.execute(FLYWAY)
    for rank, (version, kind, success) in enumerate(history, 1):
        database.execute("INSERT INTO flyway_schema_history VALUES "
                         "(%s, %s, '', %s, '', NULL, 'x', now(), 1, %s)",
                         rank, version, kind, success)
    found = project.json("adopt")
    assert (found["tool"], found["kept"], found["adopted"]) == ("flyway", False, expected)
    project.ok("downgrade", "base", "--dry-run")
    assert database.value("SELECT count(*) FROM flyway_schema_history") == len(history)


def test_several_tools(project, database):
    database.execute("CREATE TABLE alembic_version (version_num varchar(32) PRIMARY KEY)")
    database.execute("CREATE TABLE schema_migrations (version varchar PRIMARY KEY)")
    add_to_sluice(project, [ONE])
    database.execute("INSERT INTO schema_migrations VALUES (%s)", ONE)
    result = project.fails(2, "adopt")
    assert "alembic" in result.stderr and "dbmate" in result.stderr
    project.ok("adopt", "dbmate")
    result = project.fails(8, "adopt", "alembic")
    assert "--no-keep" in result.stderr
    project.ok("adopt", "alembic", "--no-keep")
    kept = {one["tool"]: one["kept"] for one in project.json("status")["adoptions"]}
    assert kept == {"alembic": False, "dbmate": True}


def test_nothing_to_adopt(project, database):
    project.fails(8, "adopt")
    project.fails(2, "adopt", "liquibase")
    database.execute("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty bool)")
    assert "no table" in project.fails(8, "adopt").stderr
