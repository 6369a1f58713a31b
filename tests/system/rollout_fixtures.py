"""A whole stage for rollouts: database with rows, HAProxy, an app in two versions, and load."""
import contextlib
import http.client
import pathlib
import socket
import subprocess
import sys
import threading

from conftest import Project, free_port, wait_until

APP = pathlib.Path(__file__).with_name("rollout_app.py")
OLD, NEW = "1111aaaa0001", "1111aaaa0002"

TABLES = """-- sluice: expand
CREATE TABLE users (id int PRIMARY KEY, full_name text);
"""

RENAME = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;
-- sluice: sync users reverse
SELECT display_name AS full_name;

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;
"""

STEPS = ["expand", "deploy", "backfill", "weight: 10", "analysis: {for: 300ms}", "weight: 50",
         "analysis: {for: 300ms}", "weight: 100", "analysis: {for: 300ms}", "cutover",
         "soak: 500ms", "retire", "contract: {quiet: 1s}"]

SETTINGS = """
app:
  name: shop
  versions:
    "1.0": {{built_on: {old}}}
    "2.0": {{built_on: {new}}}
deploy:
  driver: exec
  start: '{python} {app} start'
  ready: '{python} {app} ready'
  stop: '{python} {app} stop'
  timeout: 20s
traffic:
  driver: haproxy
  socket: {socket}
  backend: shop
  stable: [old]
  canary: [new]
  drain: 5s
analysis:
  acceptable: 1%
  intolerable: 20%
  interval: 100ms
  max: {longest}
rollout:
  from: "1.0"
  to: "2.0"
  steps:
{steps}
"""

PROXY = """
global
    stats socket {socket} mode 600 level admin
defaults
    mode http
    retries 0
    timeout connect 2s
    timeout client 20s
    timeout server 20s
    timeout check 1s
frontend public
    bind 127.0.0.1:{port}
    default_backend shop
backend shop
    balance roundrobin
    option httpchk GET /healthz
    default-server check inter 100ms fall 2 rise 1
    server old 127.0.0.1:{old} weight 100
    server new 127.0.0.1:{new} weight 0
"""


class Proxy:
    """A HAProxy of our own."""

    def __init__(self, folder, old_port, new_port):
        self.socket, self.port = str(folder / "haproxy.sock"), free_port()
        self.config = folder / "haproxy.cfg"
        self.config.write_text(PROXY.format(socket=self.socket, port=self.port, old=old_port,
                                            new=new_port))
        self.process = None

    def start(self):
        self.process = subprocess.Popen(["haproxy", "-db", "-q", "-f", str(self.config)],
                                        stdin=subprocess.DEVNULL)
        wait_until(lambda: self.answers(), what="HAProxy")

    def answers(self):
        with contextlib.suppress(OSError):
            return "Pid" in self.ask("show info")

    def stop(self):
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def ask(self, command):
        with socket.socket(socket.AF_UNIX) as connection:
            connection.settimeout(5)
            connection.connect(self.socket)
            connection.sendall(command.encode() + b"\n")
            answer = b""
            while piece := connection.recv(65536):
                answer += piece
        return answer.decode()

    def weight(self, server):
        return int(self.ask(f"get weight shop/{server}").split()[0])

    def share(self):
        """The canary's, in per cent."""
        old, new = self.weight("old"), self.weight("new")
        return round(100 * new / (old + new)) if old + new else 0


class Load:
    """A thread that asks the proxy all the time, and counts what failed."""

    def __init__(self, port):
        self.port, self.requests, self.failed, self.stopped = port, 0, [], threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def run(self):
        connection = None
        while not self.stopped.wait(0.003):
            try:
                connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, 10)
                connection.request("GET", "/")
                response = connection.getresponse()
                response.read()
                if response.status != 200:
                    self.failed.append(response.status)
                if response.will_close:
                    connection = None
            except (OSError, http.client.HTTPException) as error:
                self.failed.append(repr(error))
                connection = None
            self.requests += 1

    def stop(self):
        self.stopped.set()
        self.thread.join()


class Stage(Project):
    """The project of the app, with 1.0 running behind the proxy."""

    change = RENAME  # what 2.0 brings

    def __init__(self, folder, database):
        super().__init__(folder, database)
        self.database = database
        self.fleet = self.folder / "fleet"
        self.fleet.mkdir()
        ports = {"1.0": free_port(), "2.0": free_port()}
        self.env.update({"FLEET": str(self.fleet), "PORT_1_0": str(ports["1.0"]),
                         "PORT_2_0": str(ports["2.0"])})
        self.proxy = Proxy(self.folder, ports["1.0"], ports["2.0"])
        self.load = None
        self.revision(OLD, TABLES, title="users")
        self.configure()

    def configure(self, steps=STEPS, longest="20s", extra=""):
        lines = "".join(f"    - {step}\n" for step in steps)
        self.settings(SETTINGS.format(old=OLD, new=NEW, python=f"{sys.executable} -S -E", app=APP,
                                      socket=self.proxy.socket, longest=longest,
                                      steps=lines) + extra)

    def open(self):
        self.ok("upgrade")
        self.database.execute("INSERT INTO users SELECT i, 'user ' || i FROM "
                              "generate_series(1, 2000) i")
        self.revision(NEW, self.change, revises=OLD, title="display name")
        self.deploy("start", "1.0")
        self.proxy.start()
        wait_until(self.is_served, what="the old version behind the proxy")
        self.load = Load(self.proxy.port)
        self.load.thread.start()

    def is_served(self):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", self.proxy.port, 5)
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except OSError:
            return False

    def deploy(self, action, version):
        return subprocess.run([sys.executable, str(APP), action], check=action != "ready",
                              env={**self.env, "SLUICE_VERSION": version}).returncode

    def close(self):
        if self.load:
            self.load.stop()
        for version in ("1.0", "2.0"):
            self.deploy("stop", version)
        self.proxy.stop()

    def break_version(self, version, broken=True):
        path = self.fleet / f"broken-{version}"
        path.touch() if broken else path.unlink()

    def status(self):
        return self.json("rollout", "status")

    def states(self):
        """{step: state} of the newest rollout."""
        return {step["name"]: step["state"] for step in self.status()["steps"]}

    def rollout(self):
        """The newest rollout's row, or None."""
        rows = self.database.query("SELECT id, state, reason, lease_epoch FROM sluice.rollout "
                                   "ORDER BY id DESC LIMIT 1") if self.has_ledger() else []
        return dict(zip(("id", "state", "reason", "epoch"), rows[0])) if rows else None

    def has_ledger(self):
        return self.database.value("SELECT to_regclass('sluice.rollout') IS NOT NULL")

    def step_state(self, name):
        rows = self.database.query(
            "SELECT s.state FROM sluice.rollout_step s WHERE s.rollout = (SELECT max(id) FROM "
            "sluice.rollout) AND s.argument->>'name' = %s", name)
        return rows[0][0] if rows else None

    def wait_step(self, name, *states, seconds=30):
        wait_until(lambda: self.step_state(name) in states, seconds, f"step {name} {states}")

    def events(self, kind):
        return self.database.query("SELECT text, data FROM sluice.event WHERE kind = %s "
                                   "ORDER BY id", kind)

    def columns(self):
        return [row[0] for row in self.database.query(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'users'::regclass AND attnum > 0 "
            "AND NOT attisdropped ORDER BY attnum")]

    def assert_contracted(self):
        assert self.columns() == ["id", "display_name"]
        assert self.database.value("SELECT count(*) FROM pg_trigger WHERE tgrelid = "
                                   "'users'::regclass AND NOT tgisinternal") == 0
        assert self.database.value("SELECT count(*) FROM users WHERE display_name IS NULL") == 0
        assert self.rollout()["state"] == "done"
