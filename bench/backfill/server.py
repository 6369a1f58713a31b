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
        """CPU time of all sessions that have ended."""
        stat = pathlib.Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(stat[13]) + int(stat[14])) / os.sysconf("SC_CLK_TCK")

    def close(self):
        sluice("dev", "stop", "--remove", "--dir", self.folder)
