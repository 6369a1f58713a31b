#!/usr/bin/python3
"""What does sluice add to the statements of many small revisions?

    bench/upgrade/run.py [--size quick|full] [--others] [--json FILE]

N revisions of one `CREATE TABLE tN (id integer primary key, name text)` each, on an empty database:
`sluice upgrade` beside `psql -f` that runs the same statements with the same commits, a version row
in each transaction. In pairs of random order, each on a database of its own; the ratio is that of a
pair's wall times: median, with the interval that holds the true median in 95 of 100 runs (order
statistics). The server is sluice's own private one: fsync off, so that the ratio shows what is left
beside the disk, which is the same for both. The bar is 1.15 x psql.

With --others Alembic (op.execute, a transaction for each migration) runs beside both, where it is
installed. CPU is user + system of the client's process alone.
"""
import argparse
import glob
import json
import math
import os
import pathlib
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
# Debian's psql on the PATH is a Perl script that looks for this one.
PSQL = (sorted(glob.glob("/usr/lib/postgresql/*/bin/psql")) or ["psql"])[-1]
SIZES = {"quick": [(300, 3)], "full": [(1000, 11), (5000, 7)]}
BAR = 1.15
ALEMBIC_ENV = """from alembic import context
from sqlalchemy import create_engine
import os
with create_engine(os.environ["ALEMBIC_URL"]).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""


def table(number):
    return f"CREATE TABLE t{number} (id integer PRIMARY KEY, name text)"


def run(*command, **options):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **options)
    if done.returncode != 0:
        sys.exit(f"{' '.join(map(str, command))}: {done.stderr}")
    return done.stdout


class Server:
    def __init__(self, above):
        self.folder = os.path.join(above, "server")
        run(SLUICE, "dev", "start", "--dir", self.folder)
        self.url = run(SLUICE, "dev", "url", "--dir", self.folder).strip()

    def url_of(self, database):
        return self.url.replace("/postgres?", f"/{database}?")

    def execute(self, sql):
        run(PSQL, "-X", "-q", self.url, "-c", sql)

    def close(self):
        subprocess.run([SLUICE, "dev", "stop", "--remove", "--dir", self.folder], check=False,
                       stdout=subprocess.DEVNULL)


class Sluice:
    name = "sluice upgrade"

    def __init__(self, folder, count):
        self.folder = folder
        (folder / "migrations").mkdir(parents=True)
        (folder / "sluice.yaml").write_text("migrations: migrations\n")
        for i in range(count):
            revises = f"-- Revises: {i - 1:012x}\n" if i else ""
            (folder / f"migrations/20260101_{i:012x}_t{i}.sql").write_text(
                f"-- Revision: {i:012x}\n{revises}-- Title: table {i}\n\n-- sluice: expand\n"
                f"{table(i)};\n\n-- sluice: downgrade\nDROP TABLE t{i};\n")

    def command(self, url):
        return [SLUICE, "upgrade"], {"DATABASE_URL": url}


class Psql:
    name = "psql -f"

    def __init__(self, folder, count):
        self.folder = folder
        folder.mkdir()
        (folder / "all.sql").write_text(
            "CREATE TABLE version (id text PRIMARY KEY, applied_at timestamptz NOT NULL "
            "DEFAULT now());\n" +
            "".join(f"BEGIN;\n{table(i)};\nINSERT INTO version (id) VALUES ('{i:012x}');\nCOMMIT;\n"
                    for i in range(count)))

    def command(self, url):
        return [PSQL, "-X", "-q", "-v", "ON_ERROR_STOP=1", url, "-f", "all.sql"], {}


class Alembic:
    name = "alembic upgrade"

    def __init__(self, folder, count):
        self.folder = folder
        (folder / "versions").mkdir(parents=True)
        (folder / "alembic.ini").write_text("[alembic]\nscript_location = .\n")
        (folder / "env.py").write_text(ALEMBIC_ENV)
        for i in range(count):
            down = repr(f"{i - 1:012x}") if i else None
            (folder / f"versions/{i:012x}_t.py").write_text(
                f"from alembic import op\nrevision = '{i:012x}'\ndown_revision = {down}\n"
                f"def upgrade():\n    op.execute('{table(i)}')\n"
                f"def downgrade():\n    op.execute('DROP TABLE t{i}')\n")

    def command(self, url):
        return ["alembic", "upgrade", "head"], {
            "ALEMBIC_URL": url.replace("postgresql://", "postgresql+psycopg2://")}


def measure(server, arm):
    """Wall seconds and the client's CPU seconds on a fresh database."""
    database = f"bench_{random.getrandbits(48):x}"
    server.execute(f"CREATE DATABASE {database} TEMPLATE template0")
    command, env = arm.command(server.url_of(database))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    run(*command, cwd=arm.folder, env={**os.environ, **env})
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    server.execute(f"DROP DATABASE {database}")
    return wall, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def interval(values):
    """The order statistics around the median that hold it with 95 %, or all there are."""
    values, n = sorted(values), len(values)
    for k in range(n // 2, 0, -1):
        outside = 2 * sum(math.comb(n, i) for i in range(k)) / 2 ** n
        if outside <= 0.05:
            return values[k - 1], values[n - k]
    return values[0], values[-1]


def compare(server, arms, pairs, count):
    rounds = []
    for _ in range(pairs):
        order = random.sample(arms, len(arms))
        rounds.append({arm.name: measure(server, arm) for arm in order})
    result = {}
    for arm in arms:
        walls = [turn[arm.name][0] for turn in rounds]
        ratios = [turn[arm.name][0] / turn[Psql.name][0] for turn in rounds]
        low, high = interval(ratios)
        cpu = statistics.median(turn[arm.name][1] for turn in rounds)
        result[arm.name] = {"wall_s": statistics.median(walls), "ratio": statistics.median(ratios),
                            "low": low, "high": high, "client_cpu_us": 1e6 * cpu / count}
        print(f"{count:6} {arm.name:18} {statistics.median(walls):8.2f} s  "
              f"{statistics.median(ratios):5.2f} x psql ({low:.2f}-{high:.2f})  "
              f"client {1e6 * cpu / count:5.0f} us a revision")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    kinds = [Psql, Sluice]
    if options.others and shutil.which("alembic"):
        kinds.append(Alembic)
    result = {}
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        server = Server(name)
        try:
            for count, pairs in SIZES[options.size]:
                arms = [kind(pathlib.Path(name) / f"{kind.__name__}-{count}", count)
                        for kind in kinds]
                result[count] = compare(server, arms, pairs, count)
        finally:
            server.close()
    for count, found in result.items():
        within = found[Sluice.name]["ratio"] <= BAR
        print(f"bar of {BAR} x psql at {count}: {'met' if within else 'missed'}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
