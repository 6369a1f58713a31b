"""What sluice made, as files of the real Alembic: it finds them, runs them, or says who does."""
from alembic_fixtures import alembic, applied, rows, tables  # noqa: F401

A, B, C, D = (f"aaaaaaaaaaa{n}" for n in "1234")
TRICKY = '''-- sluice: expand
CREATE TABLE t_{id} (id int, path text DEFAULT 'a:b \\ "100%" :c %(x)s """');
CREATE FUNCTION f() RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN format('%s::%s', 'x\\n', '10:30'::time); -- "quoted"
END $$;
CREATE INDEX CONCURRENTLY t_index ON t_{id} (id);

-- sluice: downgrade
DROP INDEX CONCURRENTLY t_index;
DROP FUNCTION f();
DROP TABLE t_{id};
'''
SHAPE = """SELECT (SELECT prosrc FROM pg_proc WHERE proname = 'f'),
                  (SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
                    WHERE adrelid = to_regclass('t_aaaaaaaaaaa2')),
                  (SELECT indisvalid FROM pg_index WHERE indexrelid = 't_index'::regclass)"""


def test_alembic_runs_what_sluice_made(alembic, project, database):  # noqa: F811
    alembic.add(A)
    alembic.ok("upgrade", A)
    project.ok("adopt")
    project.revision(B, TRICKY.replace("{id}", B), revises=A)
    assert project.json("export", "alembic", ".", "--dry-run")["files"][0]["id"] == B
    assert len(list(alembic.folder.glob("versions/*.py"))) == 1
    files = project.json("export", "alembic", ".")["files"]
    assert [(file["id"], file["runs"]) for file in files] == [(B, True)]
    assert project.json("export", "alembic", ".")["files"] == []
    project.ok("upgrade")
    assert rows(database) == {B} == alembic.current()
    shape = database.query(SHAPE)
    alembic.ok("downgrade", A)
    assert tables(database) == {A}
    alembic.ok("upgrade", "head")
    assert database.query(SHAPE) == shape
    assert project.ok("upgrade").stdout.startswith("nothing to do")
    again = project.json("import", "alembic", ".")["revisions"]
    assert {revision["id"] for revision in again} == {A, B}
    assert "added" not in {revision["outcome"] for revision in again}


def test_phases_are_refused_by_alembic(alembic, project, database):  # noqa: F811
    alembic.add(A)
    alembic.ok("upgrade", A)
    project.ok("adopt")
    project.revision(B, f"-- sluice: expand\nALTER TABLE t_{A} ADD COLUMN other int;\n"
                        f"-- sluice: sync t_{A}\nSELECT id AS other;\n"
                        f"-- sluice: contract\nALTER TABLE t_{A} DROP COLUMN id;\n"
                        f"-- sluice: downgrade\nALTER TABLE t_{A} DROP COLUMN other;\n", revises=A)
    files = project.json("export", "alembic", "alembic")["files"]
    assert [(file["id"], file["runs"]) for file in files] == [(B, False)]
    done = alembic.run("upgrade", "head")
    assert done.returncode != 0 and f"sluice upgrade {B}" in done.stderr
    project.ok("upgrade")
    assert rows(database) == {B} == alembic.current()
    done = alembic.run("downgrade", A)
    assert done.returncode != 0 and "sluice downgrade" in done.stderr
    assert rows(database) == {B}
    alembic.add(C, (B,))
    alembic.ok("upgrade", "head")
    project.ok("downgrade", B)
    assert rows(database) == {B}


def test_merge_labels_and_requirements(alembic, project, database):  # noqa: F811
    alembic.add(A)
    alembic.ok("upgrade", A)
    project.ok("adopt")
    for name, header in ((B, f"-- Revises: {A}\n-- Branch: shop\n"), (C, "-- Requires: shop\n"),
                         (D, f"-- Revises: {A}, {C}\n")):
        (project.migrations / f"{name}.sql").write_text(
            f"-- Revision: {name}\n-- Title: the \"{name}\" \\ one\n{header}\n-- sluice: expand\n"
            f"CREATE TABLE t_{name} (id int);\n-- sluice: downgrade\nDROP TABLE t_{name};\n")
    assert len(project.json("export", "alembic", ".")["files"]) == 3
    assert "shop" in alembic.ok("branches") + alembic.ok("heads")
    alembic.ok("upgrade", "heads")
    project.ok("upgrade", "heads")
    assert tables(database) == applied(project) == {A, B, C, D}
    project.ok("downgrade", "base")
    assert rows(database) == set()
    project.ok("upgrade", "heads")
    assert rows(database) == {D} and D in alembic.current()
    alembic.ok("downgrade", "base")


def test_errors(alembic, project):  # noqa: F811
    project.fails(3, "export", "alembic", "migrations")
    project.revision("my-change", "-- sluice: expand\nSELECT 1;\n")
    assert "'-'" in project.fails(3, "export", "alembic", ".").stderr
