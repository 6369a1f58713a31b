"""sluice dev: the private PostgreSQL."""
import os
import pathlib
import signal
import stat
import subprocess
import tempfile

import psycopg2
import pytest

from conftest import SLUICE, Server, clean_environment, free_port, run_sluice, wait_until


def query(url, sql):
    connection = psycopg2.connect(url)
    connection.autocommit = True
    try:
        with connection.cursor() as cursor:
            cursor.execute(sql)
            return cursor.fetchall() if cursor.description else None
    finally:
        connection.close()


def dev(folder, *args):
    return run_sluice("dev", args[0], "--dir", folder, *args[1:])


def test_a_crash_loses_nothing_that_was_acknowledged(own_server):
    query(own_server.url, "CREATE TABLE t AS SELECT generate_series(1, 100) AS a")
    own_server.stop("--immediate")
    with pytest.raises(psycopg2.OperationalError):
        psycopg2.connect(own_server.url)
    url = own_server.url
    own_server.start()
    assert own_server.url == url
    assert query(url, "SELECT count(*) FROM t") == [(100,)]


def test_a_killed_server_starts_again(own_server):
    query(own_server.url, "CREATE TABLE t AS SELECT 1 AS a")
    os.kill(own_server.pid, signal.SIGKILL)
    wait_until(lambda: dev(own_server.folder, "url").returncode == 8, what="server seen as stopped")
    own_server.start()
    assert query(own_server.url, "SELECT a FROM t") == [(1,)]


def test_starting_a_running_one_finds_it(own_server):
    pid = own_server.pid
    own_server.start()
    assert own_server.pid == pid
    result = dev(own_server.folder, "start", "--durable")
    assert result.returncode == 8
    assert "runs already, with other options" in result.stderr
    assert "sluice dev stop" in result.stderr
    assert query(own_server.url, "SHOW fsync") == [("off",)]


def test_settings_stay(own_server):
    own_server.stop()
    own_server.start("-c", "work_mem=9MB", "-c", "log_line_prefix=it's %m", "--durable")
    own_server.stop()
    own_server.start()
    assert query(own_server.url, "SHOW work_mem") == [("9MB",)]
    assert query(own_server.url, "SHOW log_line_prefix") == [("it's %m",)]
    assert query(own_server.url, "SHOW fsync") == [("on",)]


def test_a_bad_setting_is_named_with_the_log(own_server):
    own_server.stop()
    result = dev(own_server.folder, "start", "-c", "no_such_thing=1")
    assert result.returncode == 8
    assert "no_such_thing" in result.stderr
    assert "server.log" in result.stderr
    result = dev(own_server.folder, "start", "-c", "work_mem")
    assert result.returncode == 2
    assert "'work_mem' is not of the form name=value" in result.stderr


def test_only_its_user_and_its_password_get_in(own_server):
    assert stat.S_IMODE(os.stat(own_server.folder).st_mode) == 0o700
    assert stat.S_IMODE(os.stat(own_server.folder + "/server.json").st_mode) == 0o600
    with pytest.raises(psycopg2.OperationalError, match="password"):
        psycopg2.connect(host="127.0.0.1", port=own_server.port, user="postgres", password="wrong",
                         dbname="postgres")


def test_port(own_server):
    port = free_port()
    own_server.stop()
    own_server.start("--port", str(port))
    assert own_server.port == port
    assert query(own_server.url, "SHOW port") == [(str(port),)]


def test_a_replica_follows(replica):
    query(replica.url, "CREATE TABLE followed AS SELECT 7 AS a")
    wait_until(lambda: query(replica.info["replica"]["url"],
                             "SELECT to_regclass('followed') IS NOT NULL")[0][0])
    assert query(replica.info["replica"]["url"], "SELECT a FROM followed") == [(7,)]
    assert query(replica.url, "SELECT application_name, state FROM pg_stat_replication") == \
        [("replica", "streaming")]


def test_a_replica_can_come_later(own_server):
    own_server.start("--replica")
    assert query(own_server.info["replica"]["url"], "SELECT pg_is_in_recovery()") == [(True,)]


def test_url_psql_and_json(server):
    assert dev(server.folder, "url").stdout.strip() == server.url
    assert dev(server.folder, "psql", "--", "-Atc", "SELECT 6*7").stdout.strip() == "42"
    result = dev(server.folder, "url", "--replica")
    assert result.returncode == 8
    assert "has no replica" in result.stderr


def test_what_is_not_there(tmp_path):
    for command in ("url", "stop", "psql"):
        result = dev(tmp_path / "none", command)
        assert result.returncode == 8
        assert "there is no server in" in result.stderr
        assert "sluice dev start" in result.stderr


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    os.chmod(tmp_path, 0o755)
    (tmp_path / "precious").write_text("mine")
    result = dev(tmp_path, "start")
    assert result.returncode == 8
    assert os.listdir(tmp_path) == ["precious"]
    assert dev(tmp_path, "stop", "--remove").returncode == 8
    assert (tmp_path / "precious").read_text() == "mine"


def test_no_server_installed(tmp_path):
    env = {**clean_environment(), "SLUICE_PG_BIN": str(tmp_path)}
    result = run_sluice("dev", "start", "--dir", tmp_path / "x", env=env)
    assert result.returncode == 8
    assert "SLUICE_PG_BIN" in result.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root becomes another user")
def test_root_drops_to_another_user(own_server):
    assert os.stat(f"/proc/{own_server.pid}").st_uid != 0


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs a folder that others reach")
def test_a_closed_folder_is_named(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    result = dev(closed / "server", "start")
    assert result.returncode == 8
    assert "cannot be reached by user" in result.stderr


def test_folders_above_are_made_and_let_the_server_through():
    with tempfile.TemporaryDirectory(prefix="sluice-dev-test-", dir="/tmp") as name:
        os.chmod(name, 0o755)
        folder = pathlib.Path(name) / "a/b/server"
        try:
            started = dev(folder, "start")
            assert started.returncode == 0, started.stderr
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        finally:
            dev(folder, "stop", "--remove")


def test_two_starts_at_once():
    it = Server()
    try:
        it.stop()
        command = [SLUICE, "dev", "start", "--dir", it.folder, "--format", "json"]
        both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
        outputs = [process.communicate(timeout=60)[0] for process in both]
        assert [process.returncode for process in both] == [0, 0]
        assert outputs[0] == outputs[1]
    finally:
        it.close()
