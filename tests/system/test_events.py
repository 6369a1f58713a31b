"""sluice events: what happened, as it happens, and unchanged."""
import signal
import threading

from conftest import wait_until

PLAIN = "-- sluice: expand\nCREATE TABLE t (a int);\n"


def test_nothing_yet(project, database):
    assert "nothing has happened yet" in project.ok("events").stdout
    assert project.json("events") == {"events": []}


def test_who_did_what(project):
    project.revision("aaaa1111", PLAIN)
    project.ok("upgrade", env={"SLUICE_ACTOR": "ada@laptop"})
    project.revision("bbbb2222", PLAIN.replace(" t ", " u "), revises="aaaa1111")
    project.ok("upgrade", env={"SLUICE_ACTOR": "ci-job-7"})
    events = project.json("events")["events"]
    assert [(e["actor"], e["revision"]) for e in events if e["kind"] == "expanded"] == \
        [("ada@laptop", "aaaa1111"), ("ci-job-7", "bbbb2222")]
    assert [e["id"] for e in events] == list(range(1, len(events) + 1))
    only = project.json("events", "--revision", "bbbb2222")["events"]
    assert {e["revision"] for e in only} == {"bbbb2222"}
    assert project.json("events", "--limit", "1")["events"] == events[-1:]
    assert "ci-job-7" in project.ok("events").stdout


def test_follow_ends_with_a_signal(project):
    project.revision("aaaa1111", PLAIN)
    project.ok("upgrade")
    following = project.start("events", "--follow")
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(iter(following.stdout.readline, "")))
    reader.start()
    try:
        wait_until(lambda: any("aaaa1111" in line for line in lines), what="what was there")
        project.revision("bbbb2222", PLAIN.replace(" t ", " u "), revises="aaaa1111")
        project.ok("upgrade")
        wait_until(lambda: any("bbbb2222" in line for line in lines), what="what came later")
    finally:
        following.send_signal(signal.SIGINT)
        assert following.wait(timeout=20) == 0
        reader.join(timeout=20)
        following.stderr.close()
    project.fails(2, "events", "--follow", "--format", "json")


def test_verify(project, database):
    project.revision("aaaa1111", PLAIN)
    project.ok("upgrade")
    assert "whole" in project.ok("events", "--verify").stdout
    assert project.json("events", "--verify") == {"broken": None}
    database.execute("UPDATE sluice.event SET actor = 'mallory' WHERE id = 1")
    result = project.fails(10, "events", "--verify")
    assert "breaks at event 1" in result.stderr
    assert project.run("events", "--verify", "--format", "json").json["broken"] == 1
