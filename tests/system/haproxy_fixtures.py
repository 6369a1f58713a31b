"""A real HAProxy with small HTTP servers behind it, which can be told to misbehave."""
import http.client
import http.server
import os
import pathlib
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time

from conftest import free_port, wait_until


class Backend:
    """An HTTP server of this process. `mode` says what it does with a request:

    ok, error (500), busy (503), close (the connection, without an answer), reset (it), garbage,
    slow (3 s), hold (until release() is called). `requests` counts those that it answered, by thread-safe append.
    """

    def __init__(self, port=None):
        self.port = port or free_port()
        self.mode = "ok"
        self.requests = []
        self._released = threading.Event()
        self._server = None
        self.start()

    def start(self):
        backend = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args):
                pass

            def do_GET(self):
                backend._answer(self)

        class Server(http.server.ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request, address):
                pass  # a client that went away is what some tests are about

        self._server = Server(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def stop(self):
        """Connections are refused from here on."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def release(self):
        self._released.set()

    def _answer(self, handler):
        mode = self.mode
        if mode == "close":
            handler.close_connection = True
            return
        if mode == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                                          struct.pack("ii", 1, 0))
            handler.close_connection = True
            handler.connection.close()
            return
        if mode == "garbage":
            handler.wfile.write(b"no HTTP at all\r\n\r\n")
            handler.close_connection = True
            return
        if mode == "slow":
            time.sleep(3)
        if mode == "hold":
            self._released.wait(20)
        self.requests.append(handler.path)
        handler.send_response({"error": 500, "busy": 503}.get(mode, 200))
        handler.send_header("Content-Length", "3")
        handler.end_headers()
        handler.wfile.write(b"ok\n")


TEMPLATE = """\
global
    stats socket {socket} mode 600 level {level}
defaults
    mode http
    timeout connect 1s
    timeout client 10s
    timeout server {server_timeout}
    {defaults}
frontend {frontend}
    bind 127.0.0.1:{port}
    default_backend app
backend app
    balance {balance}
    {backend}
{servers}
"""


class HAProxy:
    """HAProxy with one backend "app"; stable servers s1.., canary servers c1.. at weight 0."""

    def __init__(self, stable, canary, **options):
        self._folder = tempfile.TemporaryDirectory(prefix="sluice-haproxy-")
        self.folder = pathlib.Path(self._folder.name)
        self.socket = str(self.folder / "admin.sock")
        self.config = self.folder / "haproxy.cfg"
        self.port = free_port()
        self.process = None
        self.configure(stable, canary, **options)
        self.start()

    def configure(self, stable, canary, balance="roundrobin", level="admin", defaults="",
                  backend="", server="", server_timeout="1s", canary_options="weight 0",
                  frontend="web"):
        lines = [f"    server s{i} 127.0.0.1:{it.port} {server} cookie s{i}"
                 for i, it in enumerate(stable, 1)]
        lines += [f"    server c{i} 127.0.0.1:{it.port} {server} cookie c{i} {canary_options}"
                  for i, it in enumerate(canary, 1)]
        self.configure_text(TEMPLATE.format(
            socket=self.socket, port=self.port, balance=balance, level=level, defaults=defaults,
            frontend=frontend, backend=backend, server_timeout=server_timeout, servers="\n".join(lines)))

    def configure_text(self, text):
        self.config.write_text(text)

    def start(self):
        """With a master, so that it can be reloaded."""
        self.log = open(self.folder / "log", "w")
        self.process = subprocess.Popen(["haproxy", "-W", "-f", str(self.config)],
                                        stdout=self.log, stderr=self.log)
        wait_until(self._answers, what="HAProxy answers")

    def _answers(self):
        assert self.process.poll() is None, (self.folder / "log").read_text()
        try:
            return self.command("show info")
        except OSError:
            return None

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(10)
        self.log.close()

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        """The master loses a signal that reaches it while it starts: sent until there is a new
        worker."""
        before = self.info("Pid")
        sent = 0.0

        def is_new():
            nonlocal sent
            if self._answers() and self.info("Pid") != before:
                return True
            if time.monotonic() > sent + 1:
                self.process.send_signal(signal.SIGUSR2)
                sent = time.monotonic()
            return False

        wait_until(is_new, what="reload")

    def close(self):
        self.stop()
        self._folder.cleanup()

    def command(self, line):
        with socket.socket(socket.AF_UNIX) as it:
            it.settimeout(5)
            it.connect(self.socket)
            it.sendall(line.encode() + b"\n")
            return b"".join(iter(lambda: it.recv(65536), b"")).decode().strip()

    def info(self, name):
        lines = dict(line.split(": ", 1) for line in self.command("show info").splitlines()
                     if ": " in line)
        return lines[name]

    def server_state(self, name):
        """A row of `show servers state` by the names of its columns."""
        lines = self.command("show servers state app").splitlines()
        names = lines[1].lstrip("# ").split(" ")
        rows = [dict(zip(names, line.split(" "))) for line in lines[2:]]
        return next(row for row in rows if row["srv_name"] == name)

    def get(self, cookie=None, timeout=10):
        """The status of one request, in a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request("GET", "/", headers={"Cookie": f"SRV={cookie}"} if cookie else {})
            response = connection.getresponse()
            response.read()
            return response.status
        finally:
            connection.close()

    def settings(self, **traffic):
        """The part of sluice.yaml that names it; lists of servers as YAML spells them."""
        lines = {"driver": "haproxy", "socket": self.socket, "backend": "app", **traffic}
        return "traffic:\n" + "".join(f"  {key}: {value}\n" for key, value in lines.items())
