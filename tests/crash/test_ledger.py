"""kill -9 while the ledger is made: all of it is there afterwards, or nothing, and the next run
goes on."""
import pytest

from conftest import fault_points, run_to_fault

PLAIN = "-- sluice: expand\nCREATE TABLE t (a int);\n"
POINTS = [point for point in fault_points("ledger") if point.startswith("ledger-ensure-")]


@pytest.mark.parametrize("point", POINTS)
def test_ensure(project, database, point):
    project.revision("aaaa1111", PLAIN)
    assert run_to_fault(project, point, "upgrade")
    tables = database.value("SELECT count(*) FROM pg_tables WHERE schemaname = 'sluice'")
    committed = point == "ledger-ensure-committed"
    assert (tables > 0) == committed
    assert database.value("SELECT to_regnamespace('sluice') IS NOT NULL") == committed
    # The lock went with the session, so nobody has to wait for a dead one.
    project.ok("upgrade", timeout=30)
    newest = project.json("ensure-version")["version"]
    assert database.query("SELECT version FROM sluice.ledger ORDER BY 1") == \
        [(version,) for version in range(1, newest + 1)]
    assert database.query("SELECT id, state FROM sluice.revision") == [("aaaa1111", "expanded")]
