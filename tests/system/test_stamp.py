"""sluice stamp, lock show, lock break: the ledger's word, and who holds its locks."""
import pytest

from conftest import wait_until
from test_targets import branches, chain, write
from upgrade_fixtures import FIRST, RENAME, SECOND, THIRD, states, users

FOURTH = "aaaaaaaaaaa4"


def origins(database):
    return dict(database.query("SELECT id, origin FROM sluice.revision"))


def test_stamp_records_all_above(chain, database):
    assert f"would stamp {THIRD}" in chain.ok("stamp", THIRD, "--dry-run").stdout
    chain.ok("stamp", THIRD)
    assert list(states(database)) == [FIRST, SECOND, THIRD]
    assert set(origins(database).values()) == {"stamped"}
    assert database.value("SELECT to_regclass('t_aaaaaaaaaaa1') IS NULL")
    assert "nothing to do" in chain.ok("stamp", THIRD).stdout
    assert chain.json("events")["events"][-1]["kind"] == "stamp"


def test_stamp_downwards_forgets_what_comes_after(chain, database):
    chain.ok("upgrade")
    result = chain.ok("stamp", SECOND)
    assert f"forgot {FOURTH}" in result.stdout
    assert list(states(database)) == [FIRST, SECOND]
    assert origins(database)[FIRST] == "run"


def test_stamp_of_branches(branches, database):
    branches.ok("stamp", "shop@head", "blog1")
    assert set(states(database)) == {"root", "shop1", "shop2", "blog1"}
    branches.ok("stamp", "shop@base")
    assert set(states(database)) == {"root", "blog1"}
    branches.ok("stamp", "base")
    assert states(database) == {}


def test_purge_alone_forgets_what_no_file_has(chain, database):
    chain.ok("upgrade", SECOND)
    write(chain, "elsewhere", [SECOND])
    chain.ok("upgrade", "elsewhere")
    (chain.migrations / "elsewhere.sql").unlink()
    chain.ok("stamp", FOURTH)
    assert "elsewhere" in states(database)
    assert "forgot elsewhere" in chain.ok("stamp", FOURTH, "--purge").stdout
    assert list(states(database)) == [FIRST, SECOND, THIRD, FOURTH]


@pytest.mark.parametrize("option, state", [(None, "contracted"), ("expanded", "expanded"),
                                           ("cut over", "cut over")])
def test_the_state_is_the_last_of_its_life_unless_said(project, database, option, state):
    write(project, FIRST)
    project.revision(SECOND, RENAME, revises=FIRST)
    project.ok("stamp", "head", *(["--state", option] if option else []))
    assert states(database) == {FIRST: "expanded", SECOND: state}
    assert database.value("SELECT final FROM sluice.revision WHERE id = %s", SECOND) == \
        (state == "contracted")


def test_stamp_does_not_forget_triggers(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade")
    assert "public.users" in users.fails(8, "stamp", "base").stderr
    assert set(states(database)) == {FIRST, SECOND}
    users.ok("downgrade", FIRST)
    users.ok("stamp", "base")


def test_lock_show_and_break(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    blocker = database.connect(autocommit=False)
    blocker.cursor().execute("SELECT * FROM users")
    upgrade = users.start("upgrade")
    try:
        lock = wait_until(lambda: [it for it in users.json("lock", "show")["locks"]
                                   if it["lock"] == "migrator"], what="the migrator lock")[0]
        assert lock["application"] == "sluice/upgrade" and lock["since"]
        assert "--yes" in users.fails(2, "lock", "break").stderr
        assert users.json("lock", "break", "--dry-run")["broken"] is False
        assert users.json("lock", "break", "--yes")["broken"] is True
        upgrade.communicate(timeout=30)
        assert upgrade.returncode != 0
    finally:
        upgrade.kill()
        upgrade.communicate()
        blocker.close()
    assert users.json("events")["events"][-1]["kind"] == "lock-broken"
    assert users.json("lock", "show")["locks"] == []
    users.ok("upgrade")


def test_lock_break_ends_no_other_session(chain, database):
    chain.ok("ensure-version")
    session = database.connect()
    session.cursor().execute("SELECT pg_advisory_lock((20942::bigint << 48) | (1::bigint << 40))")
    assert "no sluice" in chain.fails(8, "lock", "break", "--yes").stderr
    session.cursor().execute("SELECT 1")
    session.close()
