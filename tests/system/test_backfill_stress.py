"""Old and new versions of an app write the same rows while backfill workers are killed and the
server restarts: no write is lost, none is wrong, no row is left out, whatever the walk.

SLUICE_STRESS_SECONDS makes it run longer, and with more rows.
"""
import os
import threading

import pytest

from backfill_fixtures import SYNC, count_updates, expand, unfilled
from conftest import Project, Server
from stress_fixtures import MONEY, WALKS, WEIGHT, Killer, Stress, play, walk_settings

SECONDS = float(os.environ.get("SLUICE_STRESS_SECONDS", "2"))
ROWS = int(2000 * SECONDS)


@pytest.fixture(scope="module")
def shaken():
    """A server of this module, for its tests to restart."""
    it = Server("--tcp")
    yield it
    it.close()


def restart(server):
    server.stop("--immediate")
    server.start()


def check(stress, clients, killers):
    assert [error for client in clients for error in client.errors] == []
    stress.project.ok("backfill", "run", timeout=60 + 4 * SECONDS)
    assert stress.broken() == {}
    if stress.synced:
        stress.project.ok("backfill", "verify")
    writes, kills = sum(it.writes for it in clients), sum(it.kills for it in killers)
    checked, rows = (stress.database.value(f"SELECT count(*) FROM {table}")
                     for table in ("oracle", "goods"))
    print(f"{writes} transactions, {checked} writes checked in {rows} rows, {kills} kills, "
          f"{sum(it.done for it in killers)} workers came to the end")
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
    check(stress, *play(stress, SECONDS, restart=lambda: restart(shaken)))
    shaken.drop_database(database)


@pytest.mark.parametrize("walk", WALKS)
def test_killed_again_and_again_each_row_is_updated_once(walk, project, database):
    rows = max(8000, ROWS)
    expand(project, database, rows=rows, settings=walk_settings(walk), body=SYNC)
    count_updates(database, 0.0002)
    killer = Killer(project, threading.Event(), "--workers", "2")
    killer.run()
    assert killer.errors == []
    assert killer.kills >= 5, "too fast to tell anything"
    assert database.query("SELECT count(*), count(DISTINCT id) FROM hits") == [(rows, rows)]
    assert database.query("SELECT state, rows FROM sluice.backfill") == [("done", rows)]
    assert database.value("SELECT count(*) FROM sluice.chunk") == 0
    assert unfilled(database) == 0
    print(f"{rows} rows, each once, {killer.kills} kills")
