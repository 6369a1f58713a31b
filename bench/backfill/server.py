"""A private PostgreSQL with the settings of a small production server, and `sluice` on it."""
import os
import pathlib
import subprocess
import sys

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
# Without autovacuum growth is what the walk itself leaves, and the same in every round.
SETTINGS = ["max_wal_size=4GB", "autovacuum=off"]


def sluice(*args, **options):
    done = subprocess.run([SLUICE, *args], capture_output=True, text=True, **options)
    if done.returncode != 0:
        sys.exit(f"sluice {' '.join(args)}: {done.stderr}")
    return done.stdout


def cpu_ticks(pid):
    """Of the process in user and system mode, of its ended children in both."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        return [0] * 4
    return [int(field) for field in stat[11:15]]


class Server:
    def __init__(self, above, shared_buffers="512MB"):
        self.folder = os.path.join(above, "server")
        settings = [f"--setting={setting}"
                    for setting in [*SETTINGS, f"shared_buffers={shared_buffers}"]]
        sluice("dev", "start", "--durable", "--dir", self.folder, *settings)
        self.url = sluice("dev", "url", "--dir", self.folder).strip()
        data = pathlib.Path(self.folder, "data", "postmaster.pid")
        self.pid = int(data.read_text().splitlines()[0])

    def url_of(self, database):
        return self.url.replace("/postgres?", f"/{database}?")

    def connect(self, database):
        connection = psycopg2.connect(self.url_of(database))
        connection.autocommit = True
        return connection

    def execute(self, sql, database="postgres"):
        connection = self.connect(database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def sluice(self, *args, folder, database):
        return sluice(*args, cwd=folder,
                      env={**os.environ, "DATABASE_URL": self.url_of(database)})

    def cpu_s(self):
        """CPU time of the server: of what has ended, and of what runs."""
        ticks = sum(cpu_ticks(self.pid)[2:])
        for child in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split():
            ticks += sum(cpu_ticks(child)[:2])
        return ticks / os.sysconf("SC_CLK_TCK")

    def close(self):
        sluice("dev", "stop", "--remove", "--dir", self.folder)
