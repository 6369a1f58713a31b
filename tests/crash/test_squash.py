"""kill -9 while a new database starts from a checkpoint: the next run goes on, or begins anew."""
import pytest

from conftest import fault_points, run_to_fault

POINTS = [point for point in fault_points("migrate") if point.startswith("migrate-start-")]
TABLE = """-- sluice: expand
CREATE TABLE {0} (id int);
-- sluice: downgrade
DROP TABLE {0};
"""


@pytest.mark.parametrize("point", POINTS)
def test_start(project, database, point):
    project.revision("aaaa", TABLE.format("a"))
    project.revision("bbbb", TABLE.format("b"), revises="aaaa")
    project.ok("squash", "--offline")
    assert run_to_fault(project, point, "upgrade")
    project.revision("cccc", TABLE.format("c"), revises="bbbb")
    project.ok("upgrade")
    assert database.query("SELECT id, origin FROM sluice.revision ORDER BY id") == [
        ("aaaa", "stamped"), ("bbbb", "stamped"), ("cccc", "run")]
    assert [database.value("SELECT to_regclass(%s) IS NOT NULL", name) for name in "abc"] == \
        [True] * 3
    kinds = [event["kind"] for event in project.json("events")["events"]]
    assert kinds.count("start") == 1
    assert kinds.index("start") < kinds.index("expanded")
    project.ok("check")
