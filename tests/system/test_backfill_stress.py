"""Old and new versions of an app write the same rows while backfill workers are killed and the
server restarts: no write is lost, none is wrong, no row is left out, whatever the walk.

Slow enough for the restart to come amid it. SLUICE_STRESS_SECONDS makes it run longer, and with
more rows.
"""
import os

import pytest

from conftest import Project, Server
from stress_fixtures import MONEY, WALKS, WEIGHT, Stress, play, walk_settings

SECONDS = float(os.environ.get("SLUICE_STRESS_SECONDS", "2"))
ROWS = int(4000 * SECONDS)


@pytest.fixture(scope="module")
def shaken():
    """A server of this module, for its tests to restart."""
    it = Server("--tcp")
    yield it
    it.close()


def restart(server):
    server.stop("--immediate")
    server.start()


def check(stress, clients, killers, mover, left_at_restart):
    assert [error for client in clients for error in client.errors] == []
    # What finds no server at its start says so; who is at work meanwhile goes on.
    assert [error for it in killers for error in it.errors if "status 4" not in error] == []
    stress.project.ok("backfill", "run", timeout=60 + 4 * SECONDS)
    verdict = stress.verdict()
    writes, kills = sum(it.writes for it in clients), sum(it.kills for it in killers)
    checked, rows = (stress.database.value(f"SELECT count(*) FROM {table}")
                     for table in ("oracle", "goods"))
    filled = stress.database.value("SELECT sum(rows) FROM sluice.backfill")
    counts = [f"{sum(count for what, count in verdict.items() if what.startswith(kind))} {kind}"
              for kind in ("lost", "wrong", "unfilled")]
    print(f"\n{rows} rows, {filled} filled, {left_at_restart} left at the restart; {writes} "
          f"transactions, {checked} writes checked; {kills} kills, {mover.moves} times moved; {', '.join(counts)}")
    assert {what: count for what, count in verdict.items() if count} == {}
    if stress.synced:
        stress.project.ok("backfill", "verify")
    assert left_at_restart > 0, "too fast: the restart was no danger"
    assert mover.moves > 0
    assert kills >= 4 and writes > 100 * SECONDS and checked > 50 * SECONDS


@pytest.mark.parametrize("mappings", [(MONEY,), (MONEY, WEIGHT)], ids=["one", "two"])
@pytest.mark.parametrize("synced", [True, False], ids=["triggers", "without"])
@pytest.mark.parametrize("partitioned", [False, True], ids=["table", "partitions"])
@pytest.mark.parametrize("walk", WALKS)
def test_nothing_is_lost(walk, partitioned, synced, mappings, shaken, tmp_path):
    database = shaken.create_database()
    stress = Stress(Project(tmp_path / "project", database), database, ROWS, mappings, synced,
                    partitioned)
    stress.make(walk_settings(walk))
    check(stress, *play(stress, SECONDS, lambda: restart(shaken)))
    shaken.drop_database(database)
