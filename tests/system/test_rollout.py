"""A rollout from the first step to the last, and what may come between."""
import os
import select
import time

import psycopg2
import pytest

from conftest import wait_until
from rollout_fixtures import NEW, OLD, RENAME, STEPS, TABLES, Stage

LONG_AT_50 = ["expand", "deploy", "backfill", "weight: 10", "weight: 50", "analysis: {for: 60s}",
              "weight: 100", "cutover", "soak: 300ms", "retire", "contract: {quiet: 500ms}"]
QUICK = ["expand", "deploy", "backfill", "weight: 100", "cutover", "soak: 100ms", "retire",
         "contract: {quiet: 500ms}"]


@pytest.fixture
def stage(tmp_path, database):
    it = Stage(tmp_path / "stage", database)
    try:
        it.open()
        yield it
    finally:
        it.close()


def end(process, status, seconds=60):
    """Waits for a started sluice; its stderr."""
    _, stderr = process.communicate(timeout=seconds)
    assert process.returncode == status, stderr
    return stderr


def wait_told(process, text, seconds=30):
    """Waits until a started sluice has said it on stderr."""
    told = []

    def look():
        if select.select([process.stderr], [], [], 0)[0]:
            told.append(os.read(process.stderr.fileno(), 1 << 16).decode())
        return text in "".join(told)
    wait_until(look, seconds, f"'{text}'")


def test_whole_rollout(stage):
    result = stage.ok("rollout", "run", timeout=120)
    stage.assert_contracted()
    assert set(stage.states().values()) == {"done"}
    assert stage.load.failed == []
    assert stage.proxy.share() == 100
    assert stage.deploy("ready", "1.0") != 0
    for text in ("step 4/13 weight-10", "read back", "parity: 0 of 2,000 rows differ",
                 "old sessions: none for", "rollout 1 of shop to 2.0 is done"):
        assert text in result.stderr, result
    assert [text for text, _ in stage.events("gate")] == ["cutover gate passed",
                                                          "contract gate waiting: old sessions: "
                                                          "none for 0ms, 1.0s asked for",
                                                          "contract gate passed"]
    again = stage.ok("rollout", "run")
    assert "is done" in again.stderr and len(stage.events("rollout")) == 2


def test_plan_says_what_will_happen(stage):
    plan = stage.json("rollout", "plan")
    assert [step["name"] for step in plan["steps"]] == [
        "expand", "deploy", "backfill", "weight-10", "analysis-10", "weight-50", "analysis-50",
        "weight-100", "analysis-100", "cutover", "soak", "retire", "contract"]
    assert plan["revisions"] == [{"id": NEW, "title": "display name",
                                  "phases": ["expand", "backfill", "cutover", "contract"]}]
    assert stage.rollout() is None
    text = stage.ok("rollout", "plan").stdout
    assert "10 % of the traffic to 2.0" in text and NEW in text


def test_unsafe_order_is_refused_with_its_place(stage):
    stage.configure(["expand", "deploy", "weight: 5", "backfill"])
    result = stage.fails(9, "rollout", "run")
    line = (stage.folder / "sluice.yaml").read_text().split("\n").index("    - weight: 5") + 1
    assert f"sluice.yaml:{line}:7: step 'weight-5' comes without 'backfill' before it" in \
        result.stderr, result
    assert stage.rollout() is None and stage.columns() == ["id", "full_name"]


def test_abort_at_50_and_resume(stage):
    stage.configure(LONG_AT_50)
    runner = stage.start("rollout", "run")
    stage.wait_step("analysis-50", "running", "waiting")
    assert stage.proxy.share() == 50
    stage.ok("rollout", "abort", "--reason", "a test")
    assert stage.proxy.share() == 0
    assert "aborted: a test" in end(runner, 8)
    assert stage.rollout()["state"] == "aborted"
    states = stage.states()
    assert [states[name] for name in ("expand", "backfill", "weight-50", "analysis-50", "cutover")] \
        == ["done", "done", "undone", "undone", "pending"]
    refused = stage.fails(8, "rollout", "run")
    assert "aborted: a test" in refused.stderr and "rollout resume" in refused.stderr
    assert stage.proxy.share() == 0

    stage.ok("rollout", "resume")
    assert stage.states()["weight-10"] == "pending" and stage.states()["backfill"] == "done"
    assert stage.proxy.share() == 0
    runner = stage.start("rollout", "run")
    stage.wait_step("analysis-50", "running", "waiting")
    stage.ok("rollout", "abort")
    end(runner, 8)
    # A changed plan begins anew; the schema's steps find their work done.
    stage.configure(QUICK)
    stage.ok("rollout", "resume")
    stage.ok("rollout", "run")
    stage.assert_contracted()
    assert stage.load.failed == []


def test_failing_canary_aborts_by_itself(stage):
    stage.break_version("2.0")
    result = stage.fails(8, "rollout", "run")
    assert "aborted: canary" in result.stderr, result
    assert stage.proxy.share() == 0 and stage.rollout()["state"] == "aborted"
    assert [row[1]["reason"] for row in stage.events("abort")][0].startswith("canary")
    assert stage.columns() == ["id", "full_name", "display_name"]
    stage.break_version("2.0", broken=False)
    stage.ok("rollout", "resume")
    stage.ok("rollout", "run")
    stage.assert_contracted()


def test_hand_changed_weight_holds(stage):
    stage.configure(LONG_AT_50)
    runner = stage.start("rollout", "run")
    stage.wait_step("analysis-50", "running", "waiting")
    stage.proxy.ask("set server shop/new weight 1")
    assert "somebody changed it" in end(runner, 8)
    assert stage.rollout()["state"] == "holding"
    assert stage.proxy.weight("new") == 1
    refused = stage.fails(8, "rollout", "run")
    assert "somebody changed it" in refused.stderr and "rollout resume" in refused.stderr
    assert stage.proxy.weight("new") == 1
    stage.ok("rollout", "resume")
    runner = stage.start("rollout", "run")
    stage.wait_step("analysis-50", "running", "waiting")
    assert stage.proxy.weight("new") == 1
    stage.ok("rollout", "abort")
    end(runner, 8)
    assert stage.proxy.share() == 0


def test_hand_drained_canary_is_an_abort(stage):
    stage.configure(LONG_AT_50)
    runner = stage.start("rollout", "run")
    stage.wait_step("analysis-50", "running", "waiting")
    stage.proxy.ask("set server shop/new state drain")
    assert "taken out of the router" in end(runner, 8)
    assert stage.rollout()["state"] == "aborted" and stage.proxy.share() == 0


def test_restarted_router_gets_its_weights_again(stage):
    stage.configure([*LONG_AT_50[:5], "pause: 60s", *LONG_AT_50[6:]])
    runner = stage.start("rollout", "run")
    stage.wait_step("pause-50", "running", "waiting")
    stage.proxy.stop()
    stage.proxy.start()
    wait_until(lambda: stage.proxy.share() == 50, what="the weight set again")
    stage.ok("rollout", "resume")
    assert "the router was restarted: 50 % of the traffic set again" in end(runner, 0)
    stage.assert_contracted()


def test_second_runner_is_refused(stage):
    stage.configure(LONG_AT_50)
    runner = stage.start("rollout", "run")
    stage.wait_step("analysis-50", "running", "waiting")
    epoch = stage.rollout()["epoch"]
    result = stage.fails(7, "rollout", "run")
    assert "sluice/rollout" in result.stderr and "pid" in result.stderr, result
    assert stage.rollout()["epoch"] == epoch and runner.poll() is None
    assert "sluice/rollout" in stage.status()["runner"]
    stage.ok("rollout", "abort")
    end(runner, 8)


def test_killed_runner_is_taken_over(stage):
    stage.configure([*LONG_AT_50[:5], "pause", *LONG_AT_50[6:]])
    runner = stage.start("rollout", "run")
    stage.wait_step("pause-50", "waiting")
    epoch = stage.rollout()["epoch"]
    runner.kill()
    runner.communicate()
    runner = stage.start("rollout", "run")
    wait_until(lambda: stage.rollout()["epoch"] == epoch + 1, what="the lease taken over")
    stage.ok("rollout", "resume")
    end(runner, 0)
    stage.assert_contracted()


def test_approvals(stage):
    stage.configure([*QUICK[:4], "cutover: {approve: 1}", *QUICK[5:7],
                     "contract: {approve: 2, quiet: 300ms}"])
    runner = stage.start("rollout", "run")
    stage.wait_step("cutover", "waiting")
    assert "approve cutover" in stage.rollout()["reason"]
    gate = stage.run("gate", "cutover", "--format", "json")
    assert gate.returncode == 9
    states = {check["name"]: check["state"] for check in gate.json["checks"]}
    assert states.pop("approvals") == "waiting" and set(states.values()) == {"passed"}
    stage.ok("approve", "cutover", "--by", "alice", "--comment", "looks good")
    stage.wait_step("contract", "waiting")
    stage.ok("approve", "contract", "--by", "alice")
    stage.ok("rollout", "approve", "contract", "--by", "alice")
    wait_until(lambda: "1 of 2: alice" in (stage.rollout()["reason"] or ""), what="one approval")
    assert stage.columns() == ["id", "full_name", "display_name"]
    stage.ok("approve", "contract", "--by", "bob")
    end(runner, 0)
    stage.assert_contracted()
    assert stage.status()["approvals"] == {"cutover": ["alice"], "contract": ["alice", "bob"]}


def test_approval_is_void_for_another_plan(stage):
    stage.configure([*QUICK[:4], "cutover: {approve: 1}"])
    stage.ok("approve", "cutover", "--by", "alice")
    stage.configure([*QUICK[:4], "cutover: {approve: 1}", "soak: 1s"])
    runner = stage.start("rollout", "run")
    stage.wait_step("cutover", "waiting")
    assert "0 of 1" in stage.rollout()["reason"]
    stage.ok("rollout", "abort")
    end(runner, 8)


def test_old_session_keeps_the_contract_waiting(stage):
    stage.configure(QUICK)
    old = stage.database.connect(application_name="shop/1.0")
    try:
        runner = stage.start("rollout", "run")
        stage.wait_step("contract", "waiting")
        wait_until(lambda: "shop/1.0" in (stage.rollout()["reason"] or ""), what="it being named")
        time.sleep(0.7)  # longer than the quiet period: it must not count
        assert stage.step_state("contract") == "waiting"
    finally:
        old.close()
    end(runner, 0)
    stage.assert_contracted()


def test_unnamed_session_counts_as_old(stage):
    stage.configure(QUICK)
    for step in ("expand", "deploy", "backfill", "weight", "cutover", "soak", "retire"):
        stage.ok("rollout", "step", step)
    unnamed = psycopg2.connect(stage.database.url, application_name="")
    gate = stage.run("gate", "contract", "--format", "json")
    unnamed.close()
    assert gate.returncode == 9
    check = {check["name"]: check for check in gate.json["checks"]}["old sessions"]
    assert check["state"] == "waiting" and "an unnamed session of role" in check["evidence"]
    stage.ok("rollout", "step", "contract")
    stage.assert_contracted()


def test_view_keeps_the_contract_from_passing(stage):
    stage.configure(QUICK)
    stage.database.execute("CREATE VIEW names AS SELECT id, full_name FROM users")
    result = stage.fails(9, "rollout", "run")
    assert "view public.names needs users.full_name" in result.stderr, result
    assert stage.step_state("contract") == "waiting" and "full_name" in stage.columns()
    stage.database.execute("DROP VIEW names")
    stage.ok("rollout", "run")
    stage.assert_contracted()


def test_disabled_trigger_keeps_the_cutover_from_passing(stage):
    stage.configure(QUICK)
    for step in ("expand", "deploy", "backfill", "weight"):
        stage.ok("rollout", "step", step)
    stage.database.execute("ALTER TABLE users DISABLE TRIGGER zzzz_sluice_update")
    result = stage.fails(9, "rollout", "run")
    assert "zzzz_sluice_update of public.users is not enabled always" in result.stderr, result
    stage.database.execute("ALTER TABLE users ENABLE ALWAYS TRIGGER zzzz_sluice_update")
    stage.database.execute("UPDATE users SET full_name = full_name, display_name = full_name")
    stage.ok("rollout", "run")
    stage.assert_contracted()


def test_stopped_old_version_keeps_the_cutover_waiting(stage):
    stage.configure(QUICK)
    for step in ("expand", "deploy", "backfill", "weight"):
        stage.ok("rollout", "step", step)
    stage.deploy("stop", "1.0")
    runner = stage.start("rollout", "run")
    stage.wait_step("cutover", "waiting")
    wait_until(lambda: "the instances of 1.0 are not all ready" in stage.rollout()["reason"],
               what="the way back missed")
    stage.deploy("start", "1.0")
    end(runner, 0)
    stage.assert_contracted()


def test_inconclusive_holds(stage):
    stage.configure([*QUICK[:3], "weight: 50", "analysis: {for: 100ms}"], longest="500ms")
    stage.load.stop()
    result = stage.fails(8, "rollout", "run")
    assert "inconclusive" in result.stderr and "rollout resume" in result.stderr, result
    assert stage.rollout()["state"] == "holding" and stage.proxy.share() == 50
    assert stage.step_state("analysis-50") == "waiting"


def test_steps_one_by_one(stage):
    stage.configure(QUICK)
    refused = stage.fails(8, "rollout", "step", "backfill")
    assert "step backfill cannot run before expand" in refused.stderr
    assert "sluice rollout step expand" in refused.stderr
    unknown = stage.fails(2, "rollout", "step", "shift")
    assert "weight-100" in unknown.stderr
    for step in ("expand", "deploy", "backfill", "weight-100", "cutover", "soak", "retire"):
        stage.ok("rollout", "step", step)
        assert stage.step_state(step) == "done"
    assert "is done" in stage.ok("rollout", "step", "expand").stderr
    stage.ok("rollout", "step", "contract")
    stage.assert_contracted()


def test_abort_is_refused_after_retire_and_after_the_end(stage):
    stage.configure(QUICK)
    for step in ("expand", "deploy", "backfill", "weight", "cutover", "soak", "retire"):
        stage.ok("rollout", "step", step)
    refused = stage.fails(8, "rollout", "abort")
    assert "has retired 1.0" in refused.stderr and "Redeploy the old version" in refused.stderr
    assert stage.proxy.share() == 100 and stage.rollout()["state"] == "running"
    stage.ok("rollout", "run")
    refused = stage.fails(8, "rollout", "abort")
    assert "lowest version that still fits is 2.0" in refused.stderr
    assert "fix forward" in refused.stderr and stage.proxy.share() == 100


def test_abort_after_cutover_undoes_it(stage):
    stage.configure([*QUICK[:5], "soak: 60s", *QUICK[6:]])
    runner = stage.start("rollout", "run")
    stage.wait_step("soak", "waiting")
    stage.ok("rollout", "abort", "--reason", "second thoughts")
    assert "second thoughts" in end(runner, 8)
    assert stage.proxy.share() == 0
    assert stage.states()["cutover"] == "undone"
    assert stage.database.value("SELECT state FROM sluice.revision WHERE id = %s",
                                NEW) == "backfilled"
    stage.configure(QUICK)
    stage.ok("rollout", "resume")
    stage.ok("rollout", "run")
    stage.assert_contracted()


def test_abort_after_cutover_without_a_runner(stage):
    stage.configure([*QUICK[:5], "soak: 60s", *QUICK[6:]])
    for step in QUICK[:5]:
        stage.ok("rollout", "step", step.split(":")[0])
    stage.ok("rollout", "abort")
    assert stage.proxy.share() == 0
    assert stage.database.value("SELECT state FROM sluice.revision WHERE id = %s",
                                NEW) == "backfilled"


def test_nothing_to_abort(stage):
    refused = stage.fails(8, "rollout", "abort")
    assert "no rollout of shop is under way" in refused.stderr
    refused = stage.fails(8, "rollout", "resume")
    assert "no rollout of shop has begun" in refused.stderr
    assert stage.status()["state"] == "none"


def test_changed_plan_is_refused(stage):
    stage.configure(QUICK)
    stage.ok("rollout", "step", "expand")
    stage.configure([*QUICK[:5], "soak: 200ms", *QUICK[6:]])
    refused = stage.fails(8, "rollout", "run")
    assert "the plan has changed" in refused.stderr, refused


def test_watch_ends_with_the_rollout(stage):
    stage.configure(QUICK)
    stage.ok("rollout", "step", "expand")
    watcher = stage.start("rollout", "status", "--watch")
    stage.ok("rollout", "run")
    stdout, _ = watcher.communicate(timeout=20)
    assert watcher.returncode == 0 and "state     done" in stdout


def test_router_gone(stage):
    stage.configure(QUICK)
    stage.proxy.stop()
    refused = stage.fails(4, "rollout", "abort")
    assert "haproxy.sock" in refused.stderr
    assert "haproxy.sock" in stage.status()["traffic"]["error"]


def test_contract_outside_a_rollout(stage):
    stage.configure(QUICK, extra="gate:\n  quiet: 500ms\n")
    stage.ok("upgrade", "--backfill")
    refused = stage.fails(9, "contract", NEW)
    assert "is only backfilled" in refused.stderr, refused
    for step in QUICK[:3]:
        stage.ok("rollout", "step", step)
    refused = stage.fails(8, "contract")
    assert "is under way" in refused.stderr
    assert stage.columns() == ["id", "full_name", "display_name"]


def test_contract_without_a_release(project, database):
    project.settings("gate:\n  quiet: 300ms\n")
    project.revision(OLD, TABLES, title="users")
    project.ok("upgrade")
    database.execute("INSERT INTO users SELECT i, 'user ' || i FROM generate_series(1, 100) i")
    project.revision(NEW, RENAME, revises=OLD, title="display name")
    project.ok("upgrade")
    assert "is only expanded" in project.fails(9, "contract").stderr
    project.ok("upgrade", "--backfill")
    assert "is only backfilled" in project.fails(9, "contract").stderr
    project.ok("cutover", "--dry-run")
    assert database.value("SELECT state FROM sluice.revision WHERE id = %s", NEW) == "backfilled"
    project.ok("cutover")
    assert database.value("SELECT state FROM sluice.revision WHERE id = %s", NEW) == "cut over"
    assert "--undo needs the revision" in project.fails(2, "cutover", "--undo").stderr
    project.ok("cutover", NEW, "--undo")
    assert database.value("SELECT state FROM sluice.revision WHERE id = %s", NEW) == "backfilled"
    project.ok("cutover", NEW)
    old = database.connect(application_name="")
    refused = project.fails(9, "contract")
    assert "1 old session: an unnamed session of role" in refused.stderr, refused
    old.close()
    wait_until(lambda: project.run("contract").returncode == 0, what="the contract")
    assert database.value("SELECT state FROM sluice.revision WHERE id = %s", NEW) == "contracted"
    assert "nothing waits for contract" in project.ok("contract").stdout


def test_version_that_an_earlier_contract_left_behind(stage):
    stage.configure(QUICK)
    stage.ok("rollout", "run")
    text = (stage.folder / "sluice.yaml").read_text()
    back = text.replace('from: "1.0"', 'from: "2.0"').replace('to: "2.0"', 'to: "1.0"') \
        .replace('from: "2.0"\n  to: "2.0"', 'from: "2.0"\n  to: "1.0"')
    (stage.folder / "sluice.yaml").write_text(back)
    refused = stage.fails(9, "rollout", "run")
    assert f"version 1.0 does not survive revision {NEW}" in refused.stderr, refused


def test_database_away_in_an_analysis(tmp_path, own_server):
    stage = Stage(tmp_path / "stage", own_server.create_database())
    try:
        stage.open()
        stage.configure(["expand", "deploy", "backfill", "weight: 50", "analysis: {for: 1s}",
                         *STEPS[7:]])
        runner = stage.start("rollout", "run")
        stage.wait_step("analysis-50", "waiting")
        own_server.stop("--immediate")
        wait_told(runner, "the database does not answer: not counted")
        own_server.start("--tcp")
        end(runner, 0)
        stage.assert_contracted()
        fates = stage.database.value(
            "SELECT evidence->'judge'->'intervals'->>'database away' FROM sluice.rollout_step "
            "WHERE argument->>'name' = 'analysis-50'")
        assert int(fates) > 0
    finally:
        stage.close()


def test_abort_needs_no_database(tmp_path, own_server):
    stage = Stage(tmp_path / "stage", own_server.create_database())
    try:
        stage.open()
        stage.configure(LONG_AT_50)
        runner = stage.start("rollout", "run")
        stage.wait_step("analysis-50", "running", "waiting")
        own_server.stop("--immediate")
        result = stage.ok("rollout", "abort", "--reason", "all is dark")
        assert "the ledger is told at the next contact" in result.stderr, result
        assert stage.proxy.share() == 0
        assert "aborted" in end(runner, 8)
        own_server.start("--tcp")
        refused = stage.fails(8, "rollout", "run")
        assert "aborted" in refused.stderr and "rollout resume" in refused.stderr
        assert stage.rollout()["state"] == "aborted"
        actions = [line["action"] for line in stage.events("journal")[-1][1]["lines"]]
        assert "abort" in actions
        stage.configure(QUICK)
        stage.ok("rollout", "resume")
        stage.ok("rollout", "run")
        stage.assert_contracted()
    finally:
        stage.close()


def test_abort_reaches_a_runner_that_waits_for_the_database(tmp_path, own_server):
    stage = Stage(tmp_path / "stage", own_server.create_database())
    try:
        stage.open()
        stage.configure([*LONG_AT_50[:5], "pause", *LONG_AT_50[6:]])
        runner = stage.start("rollout", "run")
        stage.wait_step("pause-50", "waiting")
        own_server.stop("--immediate")
        wait_told(runner, "the database does not answer: connecting again")
        stage.ok("rollout", "abort", "--reason", "all is dark")
        assert stage.proxy.share() == 0
        assert "aborted: aborted on this machine" in end(runner, 8)
    finally:
        stage.close()


def test_abort_after_cutover_without_database(tmp_path, own_server):
    stage = Stage(tmp_path / "stage", own_server.create_database())
    try:
        stage.open()
        stage.configure([*QUICK[:5], "soak: 60s", *QUICK[6:]])
        runner = stage.start("rollout", "run")
        stage.wait_step("soak", "waiting")
        own_server.stop("--immediate")
        stage.ok("rollout", "abort")
        assert stage.proxy.share() == 0
        own_server.start("--tcp")
        end(runner, 8)
        stage.fails(8, "rollout", "run")
        assert stage.states()["cutover"] == "undone"
        assert stage.database.value("SELECT state FROM sluice.revision WHERE id = %s",
                                    NEW) == "backfilled"
    finally:
        stage.close()


def test_lost_session_is_replaced(stage):
    stage.configure([*LONG_AT_50[:5], "pause", *LONG_AT_50[6:]])
    runner = stage.start("rollout", "run")
    stage.wait_step("pause-50", "waiting")
    assert stage.database.value("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
                                "WHERE application_name = 'sluice/rollout'") == 1
    wait_until(lambda: stage.rollout()["epoch"] == 2, what="the lease taken again")
    stage.ok("rollout", "resume")
    stderr = end(runner, 0)
    assert "connecting again" in stderr and "going on" in stderr
    stage.assert_contracted()


def test_abort_here_resume_there(stage):
    stage.configure(QUICK)
    for step in QUICK[:3]:
        stage.ok("rollout", "step", step)
    stage.ok("rollout", "abort")
    there = {"XDG_STATE_HOME": str(stage.folder / "elsewhere")}
    stage.ok("rollout", "resume", env=there)
    stage.ok("rollout", "run")
    stage.assert_contracted()


def test_first_version_needs_no_old_one(tmp_path, database):
    stage = Stage(tmp_path / "stage", database)
    try:
        stage.proxy.start()
        stage.configure(["expand", "deploy", "backfill", "cutover", "contract"])
        text = (stage.folder / "sluice.yaml").read_text()
        stage.settings(text.replace('  from: "1.0"\n', "").replace('to: "2.0"', 'to: "1.0"')
                       .replace("driver: haproxy", "# no router").replace(
                           f"{NEW}}}", f"{OLD}}}"))
        stage.ok("rollout", "run")
        assert stage.rollout()["state"] == "done"
        assert stage.deploy("ready", "1.0") == 0
    finally:
        stage.close()
