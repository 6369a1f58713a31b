"""The HAProxy driver against a real HAProxy: what is set is what happens, what fails is counted."""
import json
import pathlib
import re
import subprocess
import threading

import pytest

from conftest import ROOT, SLUICE, Project, free_port, wait_until
from haproxy_fixtures import Backend, HAProxy

TOOL = pathlib.Path(SLUICE).resolve().parents[1] / "tests/system/traffic-tool"


class Stage:
    """One HAProxy, backends and a project that names them."""

    def __init__(self, folder, stable=1, canary=1, **options):
        self.stable = [Backend() for _ in range(stable)]
        self.canary = [Backend() for _ in range(canary)]
        self.haproxy = HAProxy(self.stable, self.canary, **options)
        self.project = Project(folder / "project")
        self.pools = {"stable": f"[{', '.join(f's{i + 1}' for i in range(stable))}]",
                      "canary": f"[{', '.join(f'c{i + 1}' for i in range(canary))}]"}
        self.settings()

    def settings(self, **more):
        self.project.settings(self.haproxy.settings(**{**self.pools, **more}))

    def close(self):
        for backend in self.stable + self.canary:
            backend.release()
            backend.stop()
        self.haproxy.close()

    def call(self, *args, status=0):
        """What a rollout would do; returns what it said on stderr."""
        done = subprocess.run([str(TOOL), *map(str, args)], cwd=self.project.folder,
                              env=self.project.env, capture_output=True, text=True, timeout=60)
        assert done.returncode == status, done
        return done.stderr

    def state(self):
        return self.project.json("traffic")


@pytest.fixture
def stage(tmp_path):
    stages = []

    def make(**options):
        stages.append(Stage(tmp_path, **options))
        return stages[-1]
    yield make
    for it in stages:
        it.close()


@pytest.mark.parametrize("percent", [0, 1, 5, 25, 50, 95, 100])
def test_the_share_is_what_requests_get(stage, percent):
    it = stage()
    it.call("set", percent)
    assert it.state()["canary"]["share"] == pytest.approx(percent / 100, abs=0.005)
    for _ in range(200):
        assert it.haproxy.get() == 200
    assert len(it.canary[0].requests) == pytest.approx(2 * percent, abs=2)
    state = it.state()
    assert state["canary"]["total"] == len(it.canary[0].requests)
    assert state["stable"]["total"] == len(it.stable[0].requests)
    assert state["canary"]["bad"] == state["stable"]["bad"] == 0


def test_a_frontend_may_have_the_name_of_the_backend(stage):
    """HAProxy's statistics of a name are then the frontend's, which has no servers."""
    it = stage(frontend="app")
    it.call("set", 50)
    for _ in range(20):
        assert it.haproxy.get() == 200
    assert it.state()["canary"]["total"] == it.state()["stable"]["total"] == 10


def test_pools_of_unequal_size(stage):
    it = stage(stable=3, canary=2)
    it.call("set", 10)
    state = it.state()
    assert state["canary"]["share"] == pytest.approx(0.1, abs=0.005)
    assert (state["stable"]["servers"], state["canary"]["servers"]) == (3, 2)
    for _ in range(300):
        it.haproxy.get()
    assert sum(len(one.requests) for one in it.canary) == pytest.approx(30, abs=3)


def test_a_share_that_weights_cannot_give(stage):
    it = stage(stable=1, canary=8)
    assert "the nearest is 3.0 %" in it.call("set", 1, status=3)
    assert it.state()["canary"]["share"] == 0


def test_weight_0_keeps_servers_up(stage):
    it = stage(server="check inter 100")
    it.call("set", 0)
    wait_until(lambda: it.state()["canary"]["up"] == 1, what="canary is up")
    assert it.state()["canary"]["drained"] == 0


def test_no_request_fails_while_weights_change(stage):
    it = stage(stable=2, canary=2)
    failed, stop = [], threading.Event()

    def load():
        while not stop.is_set():
            if it.haproxy.get() != 200:
                failed.append(1)

    threads = [threading.Thread(target=load) for _ in range(4)]
    for thread in threads:
        thread.start()
    for percent in (5, 50, 100, 0, 95, 1, 100, 50, 0, 33) * 2:
        it.call("set", percent)
    it.call("take-out", "canary")
    it.call("put-back", "canary")
    stop.set()
    for thread in threads:
        thread.join()
    assert not failed
    state = it.state()
    assert state["canary"]["bad"] == state["stable"]["bad"] == 0


# What the client sees differs from what is counted against the canary's server: HAProxy answers
# for a server that fails, or asks another one (how often it tries the failing one first is its own
# affair). It counts a reset twice.
@pytest.mark.parametrize("mode, options, seen, counted", [
    ("error", {}, 500, 2),
    ("busy", {}, 503, 2),
    ("close", {}, 502, 2),
    ("reset", {}, 502, 4),
    ("garbage", {}, 502, 2),
    ("slow", {}, 504, 2),
    ("refuse", {"defaults": "retries 0"}, 503, 2),
    ("refuse", {"defaults": "retries 3\n    option redispatch 1"}, 200, None),
])
def test_failures_are_counted(stage, mode, options, seen, counted):
    it = stage(**options)
    it.call("set", 50)
    before = it.state()
    if mode == "refuse":
        it.canary[0].stop()
    else:
        it.canary[0].mode = mode
    statuses = [it.haproxy.get() for _ in range(4)]
    assert statuses.count(seen) == (4 if seen == 200 else 2), statuses
    after = it.state()
    bad = after["canary"]["bad"] - before["canary"]["bad"]
    assert bad == counted if counted else bad >= 2
    assert after["canary"]["total"] - before["canary"]["total"] == bad
    assert after["stable"]["bad"] == before["stable"]["bad"]


def test_a_client_that_gives_up_is_not_counted(stage):
    it = stage(defaults="option abortonclose", server_timeout="5s")
    it.call("set", 100)
    it.canary[0].mode = "slow"
    with pytest.raises(OSError):
        it.haproxy.get(timeout=0.2)
    wait_until(lambda: it.state()["canary"]["open"] == 0, what="request ends")
    state = it.state()
    assert (state["canary"]["bad"], state["canary"]["total"]) == (0, 0)


def test_requests_that_a_cookie_sends_are_counted(stage):
    it = stage(backend="cookie SRV insert indirect")
    it.canary[0].mode = "error"
    for _ in range(3):
        assert it.haproxy.get(cookie="c1") == 500
    state = it.state()
    assert (state["canary"]["total"], state["canary"]["bad"]) == (3, 3)
    assert state["canary"]["share"] == 0


def test_take_out_and_put_back(stage):
    it = stage(stable=2, canary=2)
    it.call("set", 50)
    it.call("take-out", "canary")
    state = it.state()
    assert state["canary"]["drained"] == 2
    assert (state["canary"]["share"], state["stable"]["share"]) == (0, 1)
    for _ in range(20):
        assert it.haproxy.get() == 200
    assert not it.canary[0].requests and not it.canary[1].requests
    it.call("put-back", "canary")
    state = it.state()
    assert state["canary"]["drained"] == 0
    assert state["canary"]["share"] == pytest.approx(0.5, abs=0.005)


def test_set_makes_drained_servers_ready(stage):
    it = stage()
    it.call("take-out", "canary")
    it.call("set", 0)
    assert it.state()["canary"]["drained"] == 1, "a pool without a share is left alone"
    it.call("set", 25)
    state = it.state()
    assert state["canary"]["drained"] == 0
    assert state["canary"]["share"] == pytest.approx(0.25, abs=0.005)


def test_a_drained_server_that_is_stopped_stays_drained(stage):
    it = stage(server="check inter 100 fall 1")
    it.call("take-out", "canary")
    it.canary[0].stop()
    wait_until(lambda: it.state()["canary"]["up"] == 0, what="check fails")
    assert it.state()["canary"]["drained"] == 1


def test_maintenance_is_somebody_elses(stage):
    it = stage(stable=2, canary=1)
    it.haproxy.command("set server app/s2 state maint")
    it.call("set", 20)
    state = it.state()
    assert state["canary"]["share"] == pytest.approx(0.2, abs=0.005)
    assert state["stable"]["drained"] == 1
    assert it.haproxy.server_state("s2")["srv_admin_state"] == "1"


def test_a_disabled_canary_is_made_ready(stage):
    it = stage(canary=2, canary_options="disabled")
    assert it.state()["canary"]["drained"] == 2
    it.call("set", 10)
    state = it.state()
    assert state["canary"]["drained"] == 0
    assert state["canary"]["share"] == pytest.approx(0.1, abs=0.005)


def test_drain_waits_for_open_requests(stage):
    it = stage(server_timeout="20s")
    it.settings(drain="20s")
    it.call("set", 100)
    it.canary[0].mode = "hold"
    answers = []
    client = threading.Thread(target=lambda: answers.append(it.haproxy.get(timeout=20)))
    client.start()
    wait_until(lambda: it.state()["canary"]["open"] == 1, what="request is open")
    drain = subprocess.Popen([str(TOOL), "drain", "canary"], cwd=it.project.folder,
                             env=it.project.env)
    wait_until(lambda: it.state()["canary"]["drained"] == 1, what="canary is out")
    assert drain.poll() is None
    it.canary[0].release()
    assert drain.wait(10) == 0
    client.join()
    assert answers == [200]


def test_drain_gives_up_in_time(stage):
    it = stage(server_timeout="20s")
    it.settings(drain="300ms")
    it.call("set", 100)
    it.canary[0].mode = "hold"
    client = threading.Thread(target=lambda: it.haproxy.get(timeout=20))
    client.start()
    wait_until(lambda: it.state()["canary"]["open"] == 1, what="request is open")
    assert "1 requests are still open on the canary servers" in it.call("drain", "canary", status=8)
    it.canary[0].release()
    client.join()


def test_restart_and_reload_are_seen(stage):
    it = stage()
    it.call("set", 50)
    first = it.state()
    assert first["epoch"] == it.state()["epoch"]
    it.haproxy.reload()
    second = it.state()
    assert second["epoch"] != first["epoch"]
    assert second["canary"]["share"] == 0, "weights are those of its file again"
    it.haproxy.restart()
    assert it.state()["epoch"] not in (first["epoch"], second["epoch"])
    it.call("set", 50)
    assert it.state()["canary"]["share"] == pytest.approx(0.5, abs=0.005)


def test_another_hand(stage):
    it = stage()
    it.call("set", 50)
    it.haproxy.command("set server app/c1 weight 0")
    assert it.state()["canary"]["share"] == 0


def test_socket_gone(stage):
    it = stage()
    it.haproxy.stop()
    result = it.project.fails(4, "traffic")
    assert it.haproxy.socket in result.stderr and "traffic.socket" in result.stderr
    assert it.haproxy.socket in it.call("set", 5, status=4)


@pytest.mark.parametrize("change, says", [
    ({"backend": "aap"}, "backend 'aap'"),
    ({"canary": "[c9]"}, "has no server 'c9'"),
    ({"stable": "[]"}, "traffic.stable"),
])
def test_unknown_names(stage, change, says):
    it = stage()
    it.settings(**change)
    result = it.project.fails(3, "traffic")
    assert says in result.stderr and "hint:" in result.stderr


def test_a_server_in_neither_pool(stage):
    it = stage(stable=2)
    it.settings(stable="[s1]")
    result = it.project.fails(3, "traffic")
    assert "server 's2', which is in neither pool" in result.stderr
    assert "which is in neither pool" in it.call("set", 5, status=3)
    it.haproxy.command("set server app/s2 weight 0")
    it.project.ok("traffic")


def test_a_backup_server_takes_no_share(stage):
    it = stage(stable=2, server="backup")
    it.haproxy.configure([it.stable[0]], it.canary)
    text = it.haproxy.config.read_text()
    it.haproxy.configure_text(text + f"    server sorry 127.0.0.1:{it.stable[1].port} backup\n")
    it.haproxy.restart()
    it.settings(stable="[s1]")
    it.call("set", 5)
    assert it.state()["canary"]["share"] == pytest.approx(0.05, abs=0.005)


def test_the_way_back_survives_a_changed_configuration(stage):
    """Somebody added a server, removed one, and chose another algorithm, in mid-rollout."""
    it = stage(stable=2, canary=2)
    it.call("set", 50)
    text = it.haproxy.config.read_text().replace("balance roundrobin", "balance first")
    text = "\n".join(line for line in text.splitlines() if "server c2" not in line)
    it.haproxy.configure_text(f"{text}\n    server s9 127.0.0.1:{it.stable[1].port}\n")
    it.haproxy.reload()
    it.haproxy.command("set server app/c1 weight 9")
    it.call("set", 50, status=3)
    it.call("set", 0)
    it.call("take-out", "canary")
    state = json.loads(it.project.fails(3, "traffic", "--format", "json").stdout)
    assert state["canary"]["share"] == 0 and state["canary"]["drained"] == 1
    assert (state["canary"]["servers"], state["canary"]["up"]) == (2, 1)


def test_socket_without_admin_level(stage):
    it = stage(level="operator")
    it.project.ok("traffic")
    assert "level admin" in it.call("set", 5, status=3)


def test_static_algorithms(stage):
    it = stage(balance="source")
    assert "hash-type consistent" in it.call("set", 5, status=3)


def test_algorithms_that_ignore_weights(stage):
    it = stage(balance="first", server="maxconn 100")
    assert "balance first" in it.project.fails(3, "traffic").stderr


def test_text_output(stage):
    it = stage()
    it.call("set", 5)
    lines = it.project.ok("traffic").stdout.splitlines()
    assert lines[0].split() == ["POOL", "SHARE", "UP", "DRAINED", "OPEN", "REQUESTS", "BAD"]
    assert lines[1].startswith("stable  95.0 %") and lines[2].startswith("canary  5.0 %")


def test_a_command_as_the_router(tmp_path):
    """The exec driver, with a path relative to sluice.yaml, called from a folder below it."""
    project = Project(tmp_path / "project")
    router = project.folder / "router.sh"
    router.write_text((ROOT / "tests/data/traffic/exec-router.sh").read_text())
    project.settings("traffic:\n  driver: exec\n  command: sh ./router.sh .\n")
    for args in (["set", "25"], ["take-out", "canary"]):
        subprocess.run([str(TOOL), *args], cwd=project.migrations, env=project.env, check=True)
    state = project.json("traffic")
    assert (state["canary"]["share"], state["canary"]["drained"]) == (0.25, 2)
    (project.folder / "answer").write_text("hello")
    assert "docs/traffic.md" in project.fails(3, "traffic").stderr


def test_the_documented_configuration(stage):
    """docs/traffic.md's haproxy.cfg and sluice.yaml, with this machine's ports and paths."""
    it = stage()
    page = (ROOT / "docs/traffic.md").read_text()
    config = re.search(r"```haproxy\n(.*?)```", page, re.S).group(1)
    settings = re.search(r"```yaml\n(.*?)```", page, re.S).group(1)
    replaced = {"/run/haproxy/admin.sock": it.haproxy.socket,
                "/var/lib/haproxy/state": str(it.haproxy.folder / "state"),
                ":8080": f":{it.haproxy.port}", ":9001": f":{it.stable[0].port}",
                ":9002": f":{free_port()}", ":9011": f":{it.canary[0].port}",
                ":9012": f":{free_port()}"}
    for old, new in replaced.items():
        assert old in config or old in settings, old
        config, settings = config.replace(old, new), settings.replace(old, new)
    it.haproxy.stop()
    it.haproxy.configure_text(config)
    it.haproxy.start()
    it.project.settings(settings)
    it.call("set", 5)
    assert it.state()["canary"]["share"] == pytest.approx(0.05, abs=0.005)
    state = it.haproxy.command("show servers state")
    (it.haproxy.folder / "state").write_text(state + "\n")
    it.haproxy.reload()
    assert it.state()["canary"]["share"] == pytest.approx(0.05, abs=0.005)
