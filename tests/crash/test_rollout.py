"""kill -9 at every point of a rollout, of its abort and of its resume; then the same command again:
the end is that of an undisturbed run, and no request has failed."""
import pathlib
import sys

import pytest

from conftest import fault_points, run_to_fault

sys.path.append(str(pathlib.Path(__file__).resolve().parents[1] / "system"))
from rollout_fixtures import Stage  # noqa: E402

STEPS = ["expand", "deploy", "backfill", "weight: 50", "analysis: {for: 200ms}", "weight: 100",
         "cutover", "soak: 200ms", "retire", "contract: {quiet: 300ms}"]
MOST_DEATHS = 40

OF_ABORT = ("rollout-abort-", "rollout-back-", "ledger-abort-")
OF_RESUME = ("rollout-resume-",)
# Drivers and journal die on the same road.
ROADSIDE = ["deploy-after-start", "deploy-after-stop", "deploy-before-start", "deploy-before-stop",
            "journal-before-append", "traffic-after-set", "traffic-before-set",
            "traffic-before-take-out"]


def points(*prefixes):
    return [name for name in [*fault_points("rollout"), "ledger-abort-uncommitted"]
            if name.startswith(prefixes)]


def points_of_run():
    return [name for name in fault_points("rollout")
            if not name.startswith((*OF_ABORT, *OF_RESUME))] + ROADSIDE


@pytest.fixture
def stage(tmp_path, database):
    it = Stage(tmp_path / "stage", database)
    try:
        it.configure(STEPS)
        it.open()
        yield it
    finally:
        it.close()


def outcome(stage):
    """What must be the same, however often sluice was killed."""
    return {
        "columns": stage.columns(),
        "rows": stage.database.query("SELECT id, display_name FROM users WHERE id > 1 ORDER BY id"),
        "revisions": stage.database.query("SELECT id, state, final, partly FROM sluice.revision "
                                          "ORDER BY id"),
        "sections": stage.database.query("SELECT * FROM sluice.section ORDER BY 1, 2"),
        "backfill": stage.database.query("SELECT revision, relation, state, wanted "
                                         "FROM sluice.backfill"),
        "rollout": stage.database.query("SELECT to_version, state, plan_digest, cursor "
                                        "FROM sluice.rollout ORDER BY id"),
        "steps": stage.database.query("SELECT ordinal, kind, argument, state "
                                      "FROM sluice.rollout_step ORDER BY rollout, ordinal"),
        "share": stage.proxy.share(),
        "ready": (stage.deploy("ready", "1.0"), stage.deploy("ready", "2.0")),
        "locks": stage.database.value("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' "
                                      "AND database = (SELECT oid FROM pg_database "
                                      "WHERE datname = current_database())"),
        "failed": stage.load.failed,
    }


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory, server):
    """The end of a rollout, and of an abort, that nobody killed."""
    ends = {}
    for way in ("run", "abort"):
        database = server.create_database()
        stage = Stage(tmp_path_factory.mktemp(way) / "stage", database)
        try:
            stage.configure(STEPS)
            stage.open()
            if way == "abort":
                reach_50(stage)
                stage.ok("rollout", "abort")
            else:
                stage.ok("rollout", "run")
            ends[way] = outcome(stage)
        finally:
            stage.close()
            server.drop_database(database)
    return ends


def reach_50(stage):
    for step in ("expand", "deploy", "backfill", "weight-50"):
        stage.ok("rollout", "step", step)


def die_again_and_again(stage, point):
    """The process passes the place where the last one died, and dies a little later each time; an
    analysis goes on with what it had counted."""
    deaths = 0
    while run_to_fault(stage, f"{point}:{deaths + 1}", "rollout", "run"):
        deaths += 1
        assert deaths < MOST_DEATHS
    return deaths


@pytest.mark.parametrize("point", points_of_run())
def test_run(stage, undisturbed, point):
    assert die_again_and_again(stage, point) > 0
    assert outcome(stage) == undisturbed["run"]


@pytest.mark.parametrize("point", points(*OF_ABORT))
def test_abort(stage, undisturbed, point):
    reach_50(stage)
    assert run_to_fault(stage, point, "rollout", "abort")
    stage.ok("rollout", "abort")
    assert outcome(stage) == undisturbed["abort"]
    stage.ok("rollout", "resume")
    stage.ok("rollout", "run")
    assert outcome(stage) == undisturbed["run"]


@pytest.mark.parametrize("point", points(*OF_ABORT))
def test_abort_after_cutover(stage, point):
    for step in ("expand", "deploy", "backfill", "weight-50", "analysis-50", "weight-100",
                 "cutover"):
        stage.ok("rollout", "step", step)
    assert run_to_fault(stage, point, "rollout", "abort")
    stage.ok("rollout", "abort")
    assert stage.proxy.share() == 0
    assert stage.states()["cutover"] == "undone"
    assert stage.database.value("SELECT max(state) FROM sluice.revision "
                                "WHERE NOT final") == "backfilled"


@pytest.mark.parametrize("point", points(*OF_RESUME))
def test_resume(stage, undisturbed, point):
    reach_50(stage)
    stage.ok("rollout", "abort")
    assert run_to_fault(stage, point, "rollout", "resume")
    stage.ok("rollout", "resume")
    stage.ok("rollout", "run")
    assert outcome(stage) == undisturbed["run"]
