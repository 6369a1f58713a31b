"""kill -9 while another tool's folder is imported: what is written is whole,
and the next import goes on."""
import pytest

from conftest import fault_points, run_to_fault

NAMES = ["1_a.sql", "2_b.sql", "3_c.sql"]


@pytest.mark.parametrize("number", range(1, len(NAMES) + 1))
@pytest.mark.parametrize("point", fault_points("import"))
def test_import(project, point, number):
    theirs = project.folder / "db"
    theirs.mkdir()
    for name in NAMES:
        (theirs / name).write_text(f"-- migrate:up\nCREATE TABLE t_{name[2]} (id int);\n")
    assert run_to_fault(project, f"{point}:{number}", "import", "dbmate", theirs)
    assert len(list(project.migrations.glob("*.sql"))) == number
    outcomes = [it["outcome"] for it in project.json("import", "dbmate", theirs)["revisions"]]
    assert outcomes == ["kept"] * number + ["added"] * (len(NAMES) - number)
    assert project.json("check")["findings"] == []
    project.ok("upgrade")
    assert [row["id"] for row in project.json("current")["revisions"]] == ["1", "2", "3"]
