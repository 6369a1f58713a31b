"""Fixtures of the system tests: real servers, started and driven through the CLI, as a user would.

The binary is the one of the environment variable SLUICE, else build/src/sluice.
"""
import itertools
import json
import os
import pathlib
import socket
import subprocess
import tempfile
import time
import urllib.parse

import psycopg2
import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
# What a developer's shell may hold and a test must not see.
FOREIGN = ("PG", "SLUICE_", "DATABASE_URL", "CONN_URL")


def clean_environment():
    return {name: value for name, value in os.environ.items()
            if name in ("SLUICE_PG_BIN",) or not name.startswith(FOREIGN)}


def wait_until(condition, seconds=20, what="condition"):
    """The first true value of condition(); fails after the deadline."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            pytest.fail(f"{what}: not within {seconds} s")
        time.sleep(0.02)


PORTS = 2000  # of each test process: it gives none twice, and takes none of another's
_next_port = itertools.count(int.from_bytes(os.urandom(2), "big"))


def free_port():
    """A TCP port of 127.0.0.1 outside the kernel's range for outgoing connections."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 4
    for _ in range(PORTS):
        port = 12000 + worker * PORTS + next(_next_port) % PORTS
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
                return port
            except OSError:
                continue
    pytest.fail("no free port")


class Result:
    """What a run of sluice left: returncode, stdout, stderr."""

    def __init__(self, args, returncode, stdout, stderr):
        self.args, self.returncode, self.stdout, self.stderr = args, returncode, stdout, stderr

    @property
    def json(self):
        return json.loads(self.stdout)

    def __repr__(self):
        return (f"sluice {' '.join(self.args)}: status {self.returncode}\n"
                f"--- stdout\n{self.stdout}\n--- stderr\n{self.stderr}")


def run_sluice(*args, env=None, cwd=None, timeout=60):
    done = subprocess.run([SLUICE, *map(str, args)], env=env or clean_environment(), cwd=cwd,
                          capture_output=True, text=True, timeout=timeout,
                          stdin=subprocess.DEVNULL)
    return Result([str(arg) for arg in args], done.returncode, done.stdout, done.stderr)


class Database:
    """One database of a private server."""

    def __init__(self, server, name):
        self.server, self.name = server, name
        self.url = server.url_of(name)
        self.tcp_url = server.url_of(name, tcp=True)

    def connect(self, autocommit=True, **options):
        """A session of its own; the caller closes it. application_name and others as keywords."""
        connection = psycopg2.connect(self.url, **options)
        connection.autocommit = autocommit
        return connection

    def query(self, sql, *values):
        """All rows of one statement, in a session of its own."""
        connection = self.connect()
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql, values or None)
                return cursor.fetchall() if cursor.description else []
        finally:
            connection.close()

    def value(self, sql, *values):
        return self.query(sql, *values)[0][0]

    def execute(self, sql, *values):
        self.query(sql, *values)


class Server:
    """A private PostgreSQL, started by `sluice dev start` in a folder of its own."""

    def __init__(self, *options):
        self._above = tempfile.TemporaryDirectory(prefix="sluice-system-")
        os.chmod(self._above.name, 0o755)
        self.folder = os.path.join(self._above.name, "server")
        self._databases = 0
        self.start(*options)

    def start(self, *options):
        result = run_sluice("dev", "start", "--dir", self.folder, "--format", "json", *options)
        assert result.returncode == 0, result
        self.info = result.json
        self.url, self.socket_url = self.info["url"], self.info["socket_url"]
        self.port, self.pid = self.info["port"], self.info["pid"]

    def stop(self, *options):
        result = run_sluice("dev", "stop", "--dir", self.folder, *options)
        assert result.returncode == 0, result

    def close(self):
        self.stop("--remove")
        self._above.cleanup()

    def url_of(self, name, tcp=False, replica=False):
        url = self.info["replica"]["url"] if replica else self.url if tcp else self.socket_url
        parts = urllib.parse.urlsplit(url)
        return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))

    def create_database(self):
        self._databases += 1
        name = f"test_{self._databases}"
        connection = psycopg2.connect(self.socket_url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} TEMPLATE template0 STRATEGY file_copy"
                           if connection.server_version >= 150000 else
                           f"CREATE DATABASE {name} TEMPLATE template0")
        connection.close()
        return Database(self, name)

    def drop_database(self, database):
        connection = psycopg2.connect(self.socket_url)
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(f"DROP DATABASE IF EXISTS {database.name} WITH (FORCE)")
        connection.close()


class Project:
    """A folder with sluice.yaml and migrations/, and an environment to run sluice in."""

    def __init__(self, folder, database=None):
        self.folder = pathlib.Path(folder)
        self.migrations = self.folder / "migrations"
        self.migrations.mkdir(parents=True)
        self.settings("")
        self.env = {**clean_environment(), "NO_COLOR": "1", "SLUICE_ACTOR": "tester@host",
                    "XDG_STATE_HOME": str(self.folder / "state")}
        if database:
            self.env["DATABASE_URL"] = database.url

    def settings(self, text):
        """Writes sluice.yaml."""
        (self.folder / "sluice.yaml").write_text("# made by a test\n" + text)

    def revision(self, revision, body, revises=None, title=None):
        """Writes a revision's file; body holds its sections. Returns its path."""
        title = title or f"change {revision}"
        lines = [f"-- Revision: {revision}"]
        lines += [f"-- Revises: {revises}"] if revises else []
        lines += [f"-- Title: {title}", "-- Created: 2026-11-21T00:00:00Z", "", body]
        path = self.migrations / f"20261121_{revision}_{title.replace(' ', '_')}.sql"
        path.write_text("\n".join(lines))
        return path

    def run(self, *args, env=None, timeout=60):
        """Runs sluice to its end; whatever status."""
        return run_sluice(*args, env={**self.env, **(env or {})}, cwd=self.folder, timeout=timeout)

    def ok(self, *args, **options):
        """The same, but it must succeed."""
        result = self.run(*args, **options)
        assert result.returncode == 0, result
        return result

    def fails(self, status, *args, **options):
        """The same, but it must end with this status, and say why with a next step."""
        result = self.run(*args, **options)
        assert result.returncode == status, result
        return result

    def json(self, *args, **options):
        """The JSON result of a run that must succeed."""
        return self.ok(*args, "--format", "json", **options).json

    def start(self, *args, env=None, **options):
        """Starts sluice and returns its Popen; the caller waits for it or kills it."""
        return subprocess.Popen([SLUICE, *map(str, args)], env={**self.env, **(env or {})},
                                cwd=self.folder, stdin=subprocess.DEVNULL, text=True,
                                stdout=subprocess.PIPE, stderr=subprocess.PIPE, **options)


@pytest.fixture(scope="session")
def server():
    """One server for all tests of this process."""
    it = Server("--tcp")
    yield it
    it.close()


@pytest.fixture(scope="session")
def replica():
    """A server with a streaming replica, for all tests of this process that want one."""
    it = Server("--tcp", "--replica")
    yield it
    it.close()


@pytest.fixture
def own_server():
    """A server that the test may stop, crash and start again."""
    it = Server("--tcp")
    yield it
    it.close()


@pytest.fixture
def database(server):
    """An empty database."""
    it = server.create_database()
    yield it
    server.drop_database(it)


@pytest.fixture
def project(tmp_path, database):
    """A project on an empty database, without revisions."""
    return Project(tmp_path / "project", database)
