"""sluice and the real Alembic on one database, in turn."""
import pytest

from alembic_fixtures import Alembic, alembic, applied, rows, tables  # noqa: F401

A, B, C, D, E, F = (f"aaaaaaaaaaa{n}" for n in "123456")


@pytest.fixture
def chain(alembic):  # noqa: F811
    for revision, parents in ((A, ()), (B, (A,)), (C, (B,)), (D, (C,))):
        alembic.add(revision, parents)
    return alembic


def test_adopts_what_alembic_applied(chain, project, database):
    chain.ok("upgrade", C)
    assert project.json("adopt", "--dry-run")["adopted"] == [A, B, C]
    assert not database.value("SELECT to_regnamespace('sluice') IS NOT NULL")
    found = project.json("adopt")
    assert found == {"tool": "alembic", "relation": "public.alembic_version", "kept": True,
                     "dry_run": False, "adopted": [A, B, C], "told": [], "taken_back": [],
                     "unknown": []}
    assert applied(project) == {A, B, C}
    assert database.query("SELECT DISTINCT origin, state, final FROM sluice.revision") == [
        ("adopted", "expanded", True)]
    assert project.json("adopt")["adopted"] == []
    assert rows(database) == {C}


def test_alternates(chain, project, database):
    chain.ok("upgrade", A)
    project.ok("adopt")
    project.ok("upgrade", B)
    assert rows(database) == {B} == chain.current()
    chain.ok("upgrade", C)
    result = project.ok("upgrade")
    assert f"adopted {C}" in result.stderr
    assert f"expanded {C}" not in result.stdout and f"expanded {D}" in result.stdout
    assert tables(database) == applied(project) == {A, B, C, D}
    assert rows(database) == {D} == chain.current()
    chain.ok("downgrade", B)
    result = project.ok("upgrade", C)
    assert f"taken back {D}" in result.stderr and f"taken back {C}" in result.stderr
    assert rows(database) == {C} and tables(database) == applied(project) == {A, B, C}
    project.ok("downgrade", A)
    assert rows(database) == {A} == chain.current()
    assert chain.ok("upgrade", "head") is not None
    project.ok("downgrade", "base")
    assert rows(database) == set() and tables(database) == set() == applied(project)
    chain.ok("upgrade", "head")
    assert rows(database) == {D}


def test_comes_back_through_alembic(chain, project, database):
    chain.ok("upgrade", B)
    project.ok("adopt")
    project.ok("upgrade")
    chain.ok("downgrade", "base")
    assert rows(database) == set() and tables(database) == set()
    assert project.ok("upgrade", "--dry-run").stderr.count("takes it back") == 4
    project.ok("upgrade")
    assert rows(database) == {D} and tables(database) == {A, B, C, D}


def test_stamp_and_redo_keep_the_rows(chain, project, database):
    chain.ok("upgrade", B)
    project.ok("adopt")
    project.ok("redo")
    assert rows(database) == {B}
    project.ok("stamp", D)
    assert rows(database) == {D} == chain.current()
    project.ok("stamp", B)
    assert rows(database) == {B} == chain.current()


def test_branches_and_merge(alembic, project, database):  # noqa: F811
    alembic.add(A)
    alembic.add(B, (A,))
    alembic.add(C, (A,))
    alembic.add(D, (B, C))
    alembic.add(E)
    alembic.add(F, (E,), requires=(B,))
    alembic.ok("upgrade", B)
    project.ok("adopt")
    project.ok("upgrade", C)
    assert rows(database) == {B, C} == alembic.current()
    project.ok("upgrade", F)
    assert rows(database) == {F, C} == alembic.current() - {B}
    project.ok("upgrade", "heads")
    assert rows(database) == {D, F}
    alembic.ok("downgrade", C)
    assert rows(database) == {C, F}
    project.ok("downgrade", E)
    assert rows(database) == {B, C, E}
    alembic.ok("upgrade", "heads")
    assert rows(database) == {D, F}
    project.ok("downgrade", "base")
    assert rows(database) == set() == tables(database)


def test_unknown_row(chain, project, database):
    (project.migrations / f"{C}.sql").unlink()
    (project.migrations / f"{D}.sql").unlink()
    chain.ok("upgrade", C)
    result = project.fails(8, "adopt")
    assert C in result.stderr and "sluice import alembic" in result.stderr
    assert "--partial" in result.stderr
    found = project.json("adopt", "--partial")
    assert found["unknown"] == [C] and found["kept"] is False and found["adopted"] == []


def test_alembic_goes_on_with_a_revision_that_was_not_imported(chain, project, database):
    chain.ok("upgrade", B)
    project.ok("adopt")
    for revision in (C, D):
        (project.migrations / f"{revision}.sql").unlink()
    chain.ok("upgrade", C)
    assert C in project.ok("status").stdout
    result = project.fails(8, "upgrade")
    assert C in result.stderr and "sluice import alembic" in result.stderr
    chain.add_to_sluice(C, (B,))
    project.ok("upgrade")
    assert applied(project) == {A, B, C}


def test_a_head_without_a_file_undoes_nothing(chain, project, database):
    chain.ok("upgrade", C)
    project.ok("adopt")
    chain.add(E, (C,))
    chain.ok("upgrade", E)
    (project.migrations / f"{E}.sql").unlink()
    warnings = [it["text"] for it in project.json("status")["warnings"]]
    assert [it for it in warnings if "undid" in it] == []
    assert any(f"holds {E}, which no file has" in it for it in warnings)
    assert project.json("adopt", "--partial", "--dry-run")["told"] == []


@pytest.mark.parametrize("options", [(), ("--fresh",)])
def test_what_is_not_adopted_is_not_run_again(chain, project, database, options):
    chain.ok("upgrade", B)
    for path in project.migrations.glob("*.sql"):
        path.write_text(path.read_text().replace("-- Title:", "-- Imported: alembic\n-- Title:"))
    warning = project.json("status")["warnings"][0]["text"]
    assert warning.startswith(f"Alembic has run {A} already, says public.alembic_version")
    assert f"Alembic has run {A} already" in project.ok("upgrade", "--dry-run", *options).stdout
    result = project.fails(8, "upgrade", *options)
    assert f"Alembic has run {A} already" in result.stderr
    assert "`sluice adopt alembic`" in result.stderr
    assert applied(project) == set()
    project.ok("adopt")
    project.ok("upgrade")
    assert tables(database) == applied(project) == {A, B, C, D}


def test_ledger_knows_more(chain, project, database):
    chain.ok("upgrade", B)
    project.ok("adopt", "--no-keep")
    project.ok("upgrade", D)
    assert rows(database) == {B}
    result = project.ok("adopt", "--no-keep")
    assert f"the ledger has {D}" in result.stderr
    assert project.json("adopt")["told"] == [D, C]
    assert rows(database) == {D} == chain.current()


def test_keeping_ends_without_the_table(chain, project, database):
    chain.ok("upgrade", B)
    project.ok("adopt")
    database.execute("DROP TABLE alembic_version")
    result = project.fails(5, "upgrade")
    assert "--no-keep" in result.stderr
    project.ok("adopt", "--no-keep")
    project.ok("upgrade")
    assert applied(project) == {A, B, C, D}


def test_what_alembic_cannot_undo(chain, project, database):
    chain.ok("upgrade", A)
    project.ok("adopt")
    (project.migrations / f"{B}.sql").write_text(
        f"-- Revision: {B}\n-- Revises: {A}\n\n-- sluice: expand\n"
        f"ALTER TABLE t_{A} ADD COLUMN other int;\n-- sluice: sync t_{A}\n"
        f"SELECT id AS other;\n-- sluice: downgrade\nALTER TABLE t_{A} DROP COLUMN other;\n")
    project.ok("upgrade", B)
    assert rows(database) == {B}
    chain.ok("stamp", A)
    result = project.fails(8, "upgrade", B)
    assert B in result.stderr and "public.alembic_version" in result.stderr
    chain.ok("stamp", B)
    project.ok("downgrade", A)
    assert rows(database) == {A}


def test_another_schema(project, database):
    database.execute("CREATE SCHEMA app")
    alembic = Alembic(project, each=True, schema="app")  # noqa: F811
    alembic.add(A)
    alembic.add(B, (A,))
    alembic.ok("upgrade", A)
    project.fails(8, "adopt")
    project.fails(8, "adopt", "alembic")
    project.fails(2, "adopt", "--table", "app.alembic_version")
    project.ok("adopt", "alembic", "--table", "app.alembic_version")
    project.ok("upgrade")
    assert rows(database, "app.alembic_version") == {B} == alembic.current()


def test_a_hole_is_no_adoption(chain, project, database):
    """A revision that was put between two applied ones: Alembic takes it for applied, unseen."""
    chain.ok("upgrade", B)
    project.ok("adopt")
    chain.add(E, (A,))
    chain.add(B, (E,))
    assert tables(database) == applied(project) == {A, B}
    chain.ok("upgrade", C)
    assert E not in tables(database)
    project.ok("upgrade")
    assert tables(database) == applied(project) == {A, B, C, D, E}
    assert rows(database) == {D}
    project.ok("stamp", "base")
    assert rows(database) == set() == applied(project)


def test_says_so_while_alembic_is_at_work(chain, project, database):
    chain.ok("upgrade", B)
    project.ok("adopt")
    other = database.connect(autocommit=False)
    with other.cursor() as cursor:
        cursor.execute("UPDATE alembic_version SET version_num = version_num")
        result = project.fails(6, "upgrade")
        assert "Alembic" in result.stderr
    other.rollback()
    other.close()
    project.ok("upgrade")
    assert rows(database) == {D}


def test_two_adopt_at_once(chain, project, database):
    chain.ok("upgrade", D)
    processes = [project.start("adopt", "--format", "json") for _ in range(4)]
    results = [process.communicate(timeout=60) for process in processes]
    assert [process.returncode for process in processes] == [0] * 4, results
    assert applied(project) == {A, B, C, D}
    assert database.value("SELECT count(*) FROM sluice.event WHERE kind = 'adopted'") == 1


def test_shown_in_status_and_current(chain, project, database):
    chain.ok("upgrade", B)
    project.ok("adopt")
    adoption = [{"tool": "alembic", "relation": "public.alembic_version", "kept": True}]
    for command in ("status", "current"):
        assert project.json(command)["adoptions"] == adoption
        assert "public.alembic_version" in project.ok(command).stdout
        assert project.ok(command).stderr == ""
    chain.ok("upgrade", C)
    assert f"Alembic applied {C}" in project.ok("status").stdout
