"""What `sluice revision` writes, rehearsed: foretold as it is, and all ways back end where they began."""
import subprocess

import pytest

from test_recipes import generate
from test_recipes_lint import CASES

# Of each kind of object that a recipe moves one, and what hangs on partitions.
REHEARSED = {"small: a column with a CHECK and an index": (),
             "partitioned: rename of a foreign key": ("--once",),
             "partitioned: rename with an index": ("--once",),
             "partitioned: type change of a key": ("--once",)}


@pytest.mark.parametrize("case, how", REHEARSED.items())
def test_as_foretold(case, how, project, database, tmp_path):
    tables, options = CASES[case]
    generate(project, database, options, tables=tables)
    dump = tmp_path / "production.sql"
    dump.write_bytes(subprocess.run(["pg_dump", "-s", database.url], check=True, capture_output=True).stdout)
    # What is looked at is what statements do, not how long this machine takes for them.
    seen = project.run("rehearse", "--schema", dump, "--rows", 100, *how, "--format", "json",
                       "-o", "lock.stall_budget=10s")
    assert seen.returncode == 0, seen
    statements = seen.json["statements"]
    assert {"expand", "finish", "contract"} <= {one["phase"] for one in statements}
    assert [(one["statement"], one["differences"]) for one in statements if one["differences"]] == []
    assert [(one["statement"], one["stall"]) for one in statements if one["stall"]] == []
