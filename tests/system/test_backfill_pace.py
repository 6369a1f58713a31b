"""How hard it works: all the time where it is alone, a share of it beside apps."""
import json
import threading

from backfill_fixtures import SMALL, expand, slow_down, unfilled
from conftest import wait_until

ROWS, SAMPLES = 8000, 250
# A part may take long, so that a busy machine makes no range smaller.
LONG = "backfill: {range_pages: 500, target_time: 1s}\n"


def beside(percent):
    return SMALL.replace("100%", f"{percent}%").replace("parts: 4", "parts: 16")


class App:
    """A session that asks something all the time."""

    def __init__(self, database):
        self.connection = database.connect(application_name="shop")
        self.leave = threading.Event()
        self.thread = threading.Thread(target=self.work)
        self.thread.start()

    def work(self):
        with self.connection.cursor() as cursor:
            while not self.leave.is_set():
                cursor.execute("SELECT pg_sleep(0.01)")

    def close(self):
        self.leave.set()
        self.thread.join()
        self.connection.close()


def working_share(database):
    """Of so many looks the share that finds the worker at work, while rows are left."""
    found = [database.value("SELECT count(*) FROM pg_stat_activity, pg_sleep(0.01) WHERE "
                            "state <> 'idle' AND application_name = 'sluice/backfill'")
             for _ in range(SAMPLES)]
    assert unfilled(database) > 0
    return sum(found) / SAMPLES


def notes(text):
    return {json.loads(line).get("note") for line in text.splitlines()}


def test_beside_an_app_it_rests_and_is_told_to_go_faster(project, database):
    expand(project, database, rows=ROWS, settings=beside(10))
    slow_down(database, 0.001)
    app = App(database)
    try:
        process = project.start("backfill", "run", "--format", "json")
        wait_until(lambda: 0 < unfilled(database) < ROWS, what="first rows")
        resting = working_share(database)
        project.ok("backfill", "set", "duty_cycle=100%")
        working = working_share(database)
        project.ok("backfill", "cancel")
    finally:
        app.close()
    _, err = process.communicate(timeout=60)
    assert process.returncode == 8, err
    assert resting < 0.4 < working, (resting, working)
    assert "apps are at work: 10 % of the time" in notes(err), err


def test_beside_an_app_its_parts_are_short(project, database):
    expand(project, database, rows=ROWS, settings="backfill: {range_pages: 500, duty_cycle: 100%}\n")
    app = App(database)
    try:
        project.ok("backfill", "run")
    finally:
        app.close()
    assert unfilled(database) == 0
    assert database.value("SELECT range_pages FROM sluice.backfill") <= 125


def test_unthrottled_it_takes_no_notice_of_apps(project, database):
    expand(project, database, rows=ROWS, settings=LONG)
    app = App(database)
    try:
        done = project.ok("backfill", "run", "--unthrottled", "--format", "json")
    finally:
        app.close()
    assert database.value("SELECT range_pages FROM sluice.backfill") >= 500
    assert not any(note and "apps are at work" in note for note in notes(done.stderr))


def test_alone_its_parts_are_as_long_as_they_may_be(project, database):
    """A session that did something just before it came is no app at work."""
    expand(project, database, rows=ROWS, settings=LONG)
    before = database.connect(application_name="shop")
    before.cursor().execute("SELECT 1")
    project.ok("backfill", "run")
    before.close()
    assert database.value("SELECT range_pages FROM sluice.backfill") >= 500


def test_alone_it_works_all_the_time(project, database):
    expand(project, database, rows=ROWS, settings=beside(1))
    process = project.start("backfill", "run", "--format", "json")
    _, err = process.communicate(timeout=60)
    assert process.returncode == 0 and unfilled(database) == 0
    assert not any(note and "apps are at work" in note for note in notes(err)), err
