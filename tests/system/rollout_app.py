"""A tiny app in two versions, and the commands that deploy it: what a rollout rolls out in the tests.

    rollout_app.py start|ready|stop      the deploy commands; SLUICE_VERSION says which version
    rollout_app.py serve VERSION PORT    one instance

Version 1.0 reads and writes users.full_name, any other users.display_name; or each does what
STATEMENTS says, an object of version -> statements of its one transaction. An instance keeps one
session, shop/<version>. FLEET names the folder of its pid files, PORT_<version> its port. Imports
are late, for the commands start often.
"""
import os
import pathlib
import signal
import socket
import subprocess
import sys
import time

COLUMN = {"1.0": "full_name"}


def statements_of(version):
    """The last of them returns a row."""
    import json
    if "STATEMENTS" in os.environ:
        return json.loads(os.environ["STATEMENTS"])[version]
    column = COLUMN.get(version, "display_name")
    return [f"UPDATE users SET {column} = 'seen by {version}' WHERE id = 1 RETURNING {column}"]


class App:
    """What an instance does: one transaction a request, in its one session."""

    def __init__(self, version):
        import threading
        self.version, self.lock, self.session = version, threading.Lock(), None
        self.statements = statements_of(version)

    def work(self):
        import psycopg2
        if os.path.exists(os.path.join(os.environ["FLEET"], f"broken-{self.version}")):
            return 500
        with self.lock:
            try:
                if self.session is None:
                    self.session = psycopg2.connect(os.environ["DATABASE_URL"],
                                                    application_name=f"shop/{self.version}")
                    self.session.autocommit = True
                with self.session.cursor() as cursor:
                    cursor.execute("; ".join(self.statements))
                    return 200 if cursor.fetchone() else 500
            except psycopg2.Error as error:
                self.session = None
                print(error, file=sys.stderr, flush=True)
                return 500


def serve(version, port):
    import http.server
    app = App(version)

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.send_response(200 if self.path == "/healthz" else app.work())
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *args):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    signal.signal(signal.SIGTERM, lambda *_: os._exit(0))
    server.serve_forever()


def pid_file(version):
    return pathlib.Path(os.environ["FLEET"], f"pid-{version}")


def is_ready(version):
    port = int(os.environ["PORT_" + version.replace(".", "_")])
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def start(version):
    port = os.environ["PORT_" + version.replace(".", "_")]
    with open(os.path.join(os.environ["FLEET"], f"log-{version}"), "a") as log:
        process = subprocess.Popen([sys.executable, __file__, "serve", version, port],
                                   start_new_session=True, stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=log)
    pid_file(version).write_text(str(process.pid))


def stop(version):
    try:
        pid = int(pid_file(version).read_text())
        os.kill(pid, signal.SIGTERM)
    except (FileNotFoundError, ProcessLookupError):
        return
    pid_file(version).unlink()
    while is_ready(version):
        time.sleep(0.02)


def main():
    action, version = sys.argv[1], os.environ.get("SLUICE_VERSION", "")
    if action == "serve":
        serve(sys.argv[2], int(sys.argv[3]))
    elif action == "start":
        start(version)
    elif action == "stop":
        stop(version)
    else:
        sys.exit(0 if is_ready(version) else 1)


if __name__ == "__main__":
    main()
