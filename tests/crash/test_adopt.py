"""kill -9 while another tool's table is adopted, followed, and kept true: the table and the ledger
never part, and the next command goes on. The rows are as the real Alembic leaves and reads them."""
import pathlib
import sys

import pytest

from conftest import fault_points, run_to_fault

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from alembic_fixtures import Alembic, applied, rows, tables  # noqa: E402

A, B, C, D = (f"aaaaaaaaaaa{n}" for n in "1234")
ADOPT = fault_points("adopt")
APPLY = ["apply-before-commit", "apply-after-commit", "apply-before-event"]


@pytest.fixture
def chain(project):
    alembic = Alembic(project)
    for revision, parents in ((A, ()), (B, (A,)), (C, (B,)), (D, (C,))):
        alembic.add(revision, parents)
    return alembic


def events(database, kind):
    return database.value("SELECT count(*) FROM sluice.event WHERE kind = %s", kind)


@pytest.mark.parametrize("point", ADOPT)
def test_adopt(chain, project, database, point):
    chain.ok("upgrade", C)
    assert run_to_fault(project, point, "adopt")
    assert applied(project) == ({A, B, C} if point == "adopt-after-commit" else set())
    assert rows(database) == {C}
    project.ok("adopt")
    chain.ok("upgrade", D)
    project.ok("upgrade")
    assert applied(project) == {A, B, C, D} and rows(database) == {D}
    assert events(database, "adopted") == 2


@pytest.mark.parametrize("point", ADOPT)
def test_follow(chain, project, database, point):
    chain.ok("upgrade", C)
    project.ok("adopt")
    chain.ok("downgrade", A)
    assert run_to_fault(project, point, "upgrade", A)
    project.ok("upgrade", A)
    assert applied(project) == {A} == tables(database) == rows(database)
    chain.ok("upgrade", B)
    project.ok("upgrade")
    assert rows(database) == {D} and tables(database) == {A, B, C, D}
    assert events(database, "taken-back") == 1


@pytest.mark.parametrize("point", APPLY)
@pytest.mark.parametrize("command,before,after",
                         [("upgrade", {B}, {C}), ("downgrade", {B}, {A})])
def test_keep(chain, project, database, point, command, before, after):
    chain.ok("upgrade", B)
    project.ok("adopt")
    target, = after
    assert run_to_fault(project, point, command, target)
    is_done = point in ("apply-after-commit", "apply-before-event")
    assert rows(database) == (after if is_done else before)
    ledger = database.query("SELECT id FROM sluice.revision WHERE state = 'expanded'")
    assert {row[0] for row in ledger} == tables(database)
    assert chain.current() == rows(database)
    project.ok(command, target)
    assert rows(database) == after == chain.current()
    chain.ok("upgrade", "head")
