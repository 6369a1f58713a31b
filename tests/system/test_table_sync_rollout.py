"""A rollout whose new version keeps a column in a table of its own, aborted on either side of the cutover:
the traffic goes back, and the old version sees what the new one wrote."""
import contextlib
import json

import pytest

from rollout_fixtures import NEW, Stage
from sync_fixtures import fails_with

MOVE = """-- sluice: expand
CREATE TABLE names (user_id int PRIMARY KEY REFERENCES users ON DELETE CASCADE, full_name text);
-- sluice: sync users to names
-- sluice: key user_id
SELECT id AS user_id, full_name WHERE full_name IS NOT NULL;
-- sluice: sync names to users
-- sluice: key id
-- sluice: rows stay
SELECT user_id AS id, full_name;
-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;
"""
# 2.0 knows both shapes, and writes both in one transaction: so it may be there at any time.
STATEMENTS = {
    "1.0": ["UPDATE users SET full_name = 'seen by 1.0' WHERE id = 1 RETURNING id"],
    "2.0": ["UPDATE users SET full_name = 'seen by 2.0' WHERE id = 1",
            "INSERT INTO names VALUES (1, 'seen by 2.0') ON CONFLICT (user_id) "
            "DO UPDATE SET full_name = excluded.full_name RETURNING user_id"],
}
STEPS = ["expand", "deploy", "backfill", "weight: 50", "weight: 100", "cutover", "soak: 200ms", "retire",
         "contract: {quiet: 300ms}"]
# Once the old column is gone, 2.0 is told so by its configuration: here, by writing the new table only.
NEW_ONLY = {**STATEMENTS, "2.0": ["UPDATE names SET full_name = 'seen by 2.0' WHERE user_id = 1 RETURNING user_id"]}


class TableStage(Stage):
    change = MOVE

    def __init__(self, folder, database):
        super().__init__(folder, database)
        self.env["STATEMENTS"] = json.dumps(STATEMENTS)

    def steps(self, *names):
        for name in names:
            self.ok("rollout", "step", name)

    def write(self, version, *statements):
        with contextlib.closing(self.database.connect(autocommit=False, application_name=f"shop/{version}")) \
                as session, session.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
            session.commit()

    def name(self, user, table="users", key="id"):
        return self.database.value(f"SELECT full_name FROM {table} WHERE {key} = %s", user)

    def differing(self):
        return self.database.value("SELECT count(*) FROM users u FULL JOIN names n ON n.user_id = u.id "
                                   "WHERE u.full_name IS DISTINCT FROM n.full_name")


@pytest.fixture
def stage(tmp_path, database):
    it = TableStage(tmp_path / "stage", database)
    try:
        it.configure(STEPS)
        it.open()
        yield it
    finally:
        it.close()


def check_all_is_back(stage):
    """The old version has the traffic, writes as ever, and its table is the one that counts."""
    assert stage.proxy.share() == 0 and stage.rollout()["state"] == "aborted"
    assert "users is canonical" in stage.ok("status").stdout.replace('"', "")
    stage.write("1.0", "UPDATE users SET full_name = 'old again' WHERE id = 9")
    assert stage.name(9, "names", "user_id") == "old again"
    with fails_with("55000"):
        stage.write("2.0", "UPDATE names SET full_name = 'alone' WHERE user_id = 9")
    assert stage.differing() == 0


def finish(stage):
    """The rollout goes on from where it was aborted, to its end."""
    stage.ok("rollout", "resume")
    for step in ("weight-50", "weight-100", "cutover"):
        if stage.states()[step] != "done":
            stage.ok("rollout", "step", step)
    assert stage.load.failed == []
    stage.env["STATEMENTS"] = json.dumps(NEW_ONLY)
    stage.deploy("stop", "2.0")
    stage.deploy("start", "2.0")
    stage.ok("rollout", "run")
    assert stage.columns() == ["id"] and stage.rollout()["state"] == "done"
    assert stage.database.value("SELECT count(*) FROM names") == 2000
    assert stage.database.query("SELECT tgname FROM pg_trigger WHERE tgname ~ 'sluice'") == []


def test_aborted_before_the_cutover(stage):
    stage.steps("expand", "deploy", "backfill", "weight-50")
    stage.write("2.0", "UPDATE users SET full_name = 'by new' WHERE id = 5",
                "UPDATE names SET full_name = 'by new' WHERE user_id = 5")
    stage.write("2.0", "DELETE FROM names WHERE user_id = 6", "UPDATE users SET full_name = NULL WHERE id = 6")
    stage.ok("rollout", "abort")
    assert stage.name(5) == "by new" and stage.name(6) is None
    check_all_is_back(stage)
    stage.write("1.0", "UPDATE users SET full_name = 'six' WHERE id = 6")
    assert stage.load.failed == []
    finish(stage)


def test_aborted_behind_the_cutover(stage):
    stage.steps("expand", "deploy", "backfill", "weight-50", "weight-100", "cutover")
    assert stage.database.value("SELECT state FROM sluice.revision WHERE id = %s", NEW) == "cut over"
    # From here on the new table alone may be written.
    stage.write("2.0", "UPDATE names SET full_name = 'by new' WHERE user_id = 5")
    stage.write("2.0", "DELETE FROM names WHERE user_id = 6")
    stage.write("2.0", "INSERT INTO users (id) VALUES (3000)", "INSERT INTO names VALUES (3000, 'born new')")
    stage.ok("rollout", "abort")
    assert (stage.name(5), stage.name(6), stage.name(3000)) == ("by new", None, "born new")
    check_all_is_back(stage)
    stage.write("1.0", "DELETE FROM users WHERE id = 3000", "UPDATE users SET full_name = 'six' WHERE id = 6")
    assert stage.load.failed == []
    finish(stage)
