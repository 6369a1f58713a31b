"""Servers that sluice refuses, or cannot reach: named, with the next step, and never with a password."""
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import threading

import pytest

from conftest import clean_environment, free_port, wait_until

PLAIN = "-- sluice: expand\nCREATE TABLE t (a int);\n"


@pytest.fixture
def ready(project):
    """A project with one revision that is not applied."""
    project.revision("aaaa1111", PLAIN)
    return project


def refused(project, url, *, status=4, command=("upgrade",)):
    result = project.fails(status, *command, env={"DATABASE_URL": url})
    assert "hint:" in result.stderr, result
    return result.stderr


def test_no_server(ready):
    port = free_port()
    stderr = refused(ready, f"postgresql://ada:s3cret@127.0.0.1:{port}/notes")
    assert "Connection refused" in stderr and str(port) in stderr
    assert "DATABASE_URL" in stderr
    assert "s3cret" not in stderr


def test_unknown_host(ready):
    assert "no-such-host.invalid" in refused(ready, "postgresql://ada:s3cret@no-such-host.invalid/x")


def test_unknown_database_and_role(ready, server):
    assert 'database "nosuch" does not exist' in refused(ready, server.url_of("nosuch"))
    url = server.socket_url.replace("postgres@", "nosuch@", 1)
    assert 'role "nosuch" does not exist' in refused(ready, url)


@pytest.mark.parametrize("form", [
    "postgresql://postgres:{secret}@127.0.0.1:{port}/postgres",
    "postgresql://postgres@127.0.0.1:{port}/postgres?password={secret}",
    "host=127.0.0.1 port={port} user=postgres dbname=postgres password={secret}",
    "host=127.0.0.1 port={port} user=postgres dbname=postgres password='{secret}'",
])
@pytest.mark.parametrize("command", [
    ("upgrade",), ("current",), ("status", "--format", "json"), ("wait", "--timeout", "1s"),
    ("upgrade", "-vv")])
def test_a_wrong_password_is_not_shown(ready, server, form, command):
    url = form.format(secret="hunter2xyz", port=server.port)
    result = ready.fails(4, *command, env={"DATABASE_URL": url})
    assert "password authentication failed" in result.stdout + result.stderr
    assert "hunter2xyz" not in result.stdout + result.stderr


def test_the_right_password_is_nowhere(ready, database):
    """Neither in what is printed nor in the ledger."""
    password = database.tcp_url.split(":")[2].split("@")[0]
    env = {"DATABASE_URL": database.tcp_url}
    shown = ""
    for command in (["upgrade", "-vv"], ["current"], ["status"], ["status", "--format", "json"]):
        result = ready.ok(*command, env=env)
        shown += result.stdout + result.stderr
    assert "aaaa1111" in shown
    assert password not in shown
    for (table,) in database.query("SELECT tablename FROM pg_tables WHERE schemaname = 'sluice'"):
        rows = database.query(f"SELECT t::text FROM sluice.{table} t")
        assert not any(password in text for (text,) in rows), table


def test_a_url_with_a_password_is_refused_as_an_argument(ready, server):
    result = ready.fails(2, "current", "--database", server.url)
    assert "other users of this machine can see" in result.stderr
    assert server.url.split(":")[2].split("@")[0] not in result.stderr


def test_a_malformed_url(ready):
    assert "hint:" in refused(ready, "postgresql://ada:s3cret@127.0.0.1:notaport/x")


def test_a_replica_is_refused_for_writing_and_read_for_reading(ready, replica):
    database = replica.create_database()
    url = replica.url_of(database.name, replica=True)
    connected = {"DATABASE_URL": url}
    wait_until(lambda: ready.run("current", env=connected).returncode == 0,
               what="the database on the replica")
    stderr = refused(ready, url)
    assert "read-only replica" in stderr and "target_session_attrs" in stderr
    assert ready.json("status", env=connected)["revisions"][0]["state"] == "pending"
    assert database.value("SELECT to_regnamespace('sluice') IS NULL")
    replica.drop_database(database)


def test_a_read_only_role_is_refused(ready, database):
    database.execute(f"ALTER DATABASE {database.name} SET default_transaction_read_only = on")
    assert "default_transaction_read_only" in refused(ready, database.url)


class Pooler:
    """pgbouncer in front of one database."""

    def __init__(self, folder, database, mode):
        self.port = free_port()
        self.url = f"postgresql://postgres@127.0.0.1:{self.port}/{database.name}"
        folder.chmod(0o755)
        log = folder / f"{mode}.log"
        config = folder / f"{mode}.ini"
        (folder / "users.txt").write_text('"postgres" ""\n')
        config.write_text(
            f"[databases]\n{database.name} = host={database.server.folder} "
            f"port={database.server.port}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {self.port}\n"
            f"unix_socket_dir =\nauth_type = trust\nauth_file = {folder}/users.txt\n"
            f"pool_mode = {mode}\nignore_startup_parameters = extra_float_digits\n")
        self.process = subprocess.Popen(
            ["pgbouncer", *self.unprivileged(), str(config)], stderr=log.open("w"),
            stdout=subprocess.DEVNULL, env=clean_environment())

    @staticmethod
    def unprivileged():
        return ["-u", "postgres"] if os.geteuid() == 0 else []

    def close(self):
        self.process.terminate()
        self.process.wait(timeout=20)


@pytest.fixture
def pooler(database):
    """A function that starts pgbouncer in a mode. Its folder is reachable by its user."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="sluice-pooler-"))
    started = []

    def start(mode):
        it = Pooler(folder, database, mode)
        started.append(it)

        def answers():
            with socket.socket() as probe:
                return probe.connect_ex(("127.0.0.1", it.port)) == 0
        wait_until(answers, what="pgbouncer")
        return it

    yield start
    for it in started:
        it.close()
    shutil.rmtree(folder)


def test_a_pooler_in_transaction_mode_is_refused(ready, database, pooler):
    stderr = refused(ready, pooler("transaction").url)
    assert "pooler in transaction mode" in stderr and "session locks" in stderr
    assert "session mode" in stderr
    assert database.value("SELECT to_regnamespace('sluice') IS NULL")


def test_reading_through_a_pooler_is_fine(ready, pooler):
    env = {"DATABASE_URL": pooler("transaction").url}
    assert ready.json("status", env=env)["revisions"][0]["state"] == "pending"
    ready.ok("current", env=env)


class OldServer:
    """As much of a PostgreSQL 13 as a client sees when it connects; no such server is packaged."""

    def __init__(self, version):
        self.version = version
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                session, _ = self.listener.accept()
            except OSError:
                return
            with session:
                self.greet(session)
                session.recv(4096)  # until the client goes

    def greet(self, session):
        while True:
            length, code = struct.unpack("!ii", session.recv(8, socket.MSG_WAITALL))
            session.recv(length - 8, socket.MSG_WAITALL)
            if code == 196608:  # protocol 3.0; else it asks for encryption
                break
            session.sendall(b"N")

        def message(kind, body):
            return kind + struct.pack("!i", len(body) + 4) + body

        session.sendall(message(b"R", struct.pack("!i", 0))
                        + message(b"S", b"server_version\0" + self.version.encode() + b"\0")
                        + message(b"S", b"client_encoding\0UTF8\0")
                        + message(b"K", struct.pack("!ii", 4711, 1)) + message(b"Z", b"I"))

    def close(self):
        self.listener.close()


def test_an_old_server_is_refused(ready):
    old = OldServer("13.14")
    try:
        url = f"postgresql://ada@127.0.0.1:{old.port}/notes"
        for command in (("upgrade",), ("current",)):
            stderr = refused(ready, url, command=command)
            assert "PostgreSQL 13, which is too old: 14 or newer is needed" in stderr
    finally:
        old.close()
