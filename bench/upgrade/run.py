#!/usr/bin/python3
"""What does sluice add to the statements of many small revisions?

    bench/upgrade/run.py [--size quick|full] [--others] [--json FILE]

N revisions of one `CREATE TABLE tN (id integer primary key, name text)` each, on an empty database:
`sluice upgrade` beside `psql -f` that runs the same statements with the same commits, a version row
in each transaction. In rounds of random order, each on a database of its own; the ratio is that of
a round's wall times: median, with the interval that holds the true median in 95 of 100 runs (order
statistics). `last/first`: the time of the last 500 (or the last half) over that of the first, by the
times that the tool itself records: 1 is a cost that does not grow with what is applied. The
server is sluice's own private one: fsync off, so that the ratio shows what is left
beside the disk, which is the same for both. The bar is 1.15 x psql.

With --others the other tools run beside both, in the first rounds alone: Alembic (op.execute, a
transaction for each migration) and sqitch (deploy --no-verify, quick sizes only) where they are
installed, dbmate and node-pg-migrate by npm, kept in the user's cache folder. CPU is user + system
of the client's processes.
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
# (revisions, rounds, rounds of the others)
SIZES = {"quick": [(300, 3, 1)], "full": [(1000, 11, 3), (5000, 7, 1)]}
FLAT = 500
SQITCH_MOST = 300
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


def npm_program(package, *beside):
    """A program from npm, in the user's cache folder; None where it cannot be had."""
    above = pathlib.Path(os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache")
    folder = above / "sluice-bench" / package
    program = folder / "node_modules" / ".bin" / package
    if not program.exists() and shutil.which("npm"):
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["npm", "install", "--prefix", str(folder), package, *beside], check=False,
                       capture_output=True)
    return str(program) if program.exists() else None


class Sluice:
    name = "sluice upgrade"
    times = "SELECT extract(epoch FROM expanded_at) FROM sluice.revision ORDER BY ordinal"

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
    times = "SELECT extract(epoch FROM applied_at) FROM version ORDER BY id"

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
    times = None

    @staticmethod
    def can_run(_count):
        return shutil.which("alembic")

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


class Dbmate:
    name = "dbmate up"
    times = None

    @staticmethod
    def can_run(_count):
        return npm_program("dbmate")

    def __init__(self, folder, count):
        self.folder = folder
        (folder / "db/migrations").mkdir(parents=True)
        for i in range(count):
            (folder / f"db/migrations/{20260101000000 + i}_t{i}.sql").write_text(
                f"-- migrate:up\n{table(i)};\n\n-- migrate:down\nDROP TABLE t{i};\n")

    def command(self, url):
        # Its driver takes the socket's folder from a parameter, and wants to be told of no TLS.
        return [npm_program("dbmate"), "--no-dump-schema", "up"], {
            "DATABASE_URL": url.replace("host=", "socket=") + "&sslmode=disable"}


class NodePgMigrate:
    name = "node-pg-migrate up"
    times = None

    @staticmethod
    def can_run(_count):
        return shutil.which("node") and npm_program("node-pg-migrate", "pg")

    def __init__(self, folder, count):
        self.folder = folder
        (folder / "migrations").mkdir(parents=True)
        for i in range(count):
            (folder / f"migrations/{1700000000000 + i}_t{i}.sql").write_text(
                f"-- Up Migration\n{table(i)};\n-- Down Migration\nDROP TABLE t{i};\n")

    def command(self, url):
        return [npm_program("node-pg-migrate"), "up", "--no-single-transaction"], {
            "DATABASE_URL": url}


class Sqitch:
    name = "sqitch deploy"
    times = None

    @staticmethod
    def can_run(count):
        return count <= SQITCH_MOST and shutil.which("sqitch")

    def __init__(self, folder, count):
        self.folder = folder
        (folder / "deploy").mkdir(parents=True)
        (folder / "sqitch.conf").write_text(
            f'[core]\n\tengine = pg\n[engine "pg"]\n\tclient = {PSQL}\n'
            "[user]\n\tname = Bench\n\temail = bench@localhost\n")
        (folder / "sqitch.plan").write_text(
            "%syntax-version=1.0.0\n%project=bench\n\n" +
            "".join(f"t{i} 2026-01-01T00:00:00Z Bench <bench@localhost> # table {i}\n"
                    for i in range(count)))
        for i in range(count):
            (folder / f"deploy/t{i}.sql").write_text(f"BEGIN;\n{table(i)};\nCOMMIT;\n")

    def command(self, url):
        return ["sqitch", "deploy", "--no-verify", "db:" + url.replace("postgresql:", "pg:")], {}


OTHERS = [Alembic, Dbmate, NodePgMigrate, Sqitch]


def growth(server, database, arm):
    """Seconds of the last ones over those of the first ones; None where the tool does not tell."""
    if arm.times is None:
        return None
    at = [float(line) for line in
          run(PSQL, "-X", "-A", "-t", server.url_of(database), "-c", arm.times).split()]
    few = min(FLAT, len(at) // 2)
    return (at[-1] - at[-few]) / (at[few - 1] - at[0])


def measure(server, arm, count):
    """Wall seconds, the client's CPU seconds, and the growth, on a fresh database."""
    database = f"bench_{random.getrandbits(48):x}"
    server.execute(f"CREATE DATABASE {database} TEMPLATE template0")
    command, env = arm.command(server.url_of(database))
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    run(*command, cwd=arm.folder, env={**os.environ, **env})
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)
    made = run(PSQL, "-X", "-A", "-t", server.url_of(database), "-c",
               "SELECT count(*) FROM pg_tables WHERE tablename ~ '^t[0-9]+$'")
    if int(made) != count:
        sys.exit(f"{arm.name} made {made.strip()} of {count} tables")
    grown = growth(server, database, arm)
    server.execute(f"DROP DATABASE {database} WITH (FORCE)")
    return wall, cpu, grown


def interval(values):
    """The order statistics around the median that hold it with 95 %, or all there are."""
    values, n = sorted(values), len(values)
    for k in range(n // 2, 0, -1):
        outside = 2 * sum(math.comb(n, i) for i in range(k)) / 2 ** n
        if outside <= 0.05:
            return values[k - 1], values[n - k]
    return values[0], values[-1]


def summarise(rounds, name, count):
    turns = [turn for turn in rounds if name in turn]
    ratios = [turn[name][0] / turn[Psql.name][0] for turn in turns]
    grown = [turn[name][2] for turn in turns if turn[name][2] is not None]
    low, high = interval(ratios)
    return {"rounds": len(turns), "wall_s": statistics.median(turn[name][0] for turn in turns),
            "ratio": statistics.median(ratios), "low": low, "high": high,
            "client_cpu_us": 1e6 * statistics.median(turn[name][1] for turn in turns) / count,
            "last_to_first": statistics.median(grown) if grown else None}


def compare(server, arms, rounds_wanted, count):
    """@arms: with the number of rounds that each takes part in."""
    rounds = []
    for number in range(rounds_wanted):
        taking_part = [arm for arm, most in arms if number < most]
        rounds.append({arm.name: measure(server, arm, count)
                       for arm in random.sample(taking_part, len(taking_part))})
    result = {}
    print(f"{count} revisions      rounds     wall     x psql (interval)   client CPU  last/first")
    for arm, _ in arms:
        row = result[arm.name] = summarise(rounds, arm.name, count)
        grown = f"{row['last_to_first']:.2f}" if row["last_to_first"] is not None else "-"
        print(f"{arm.name:18} {row['rounds']:7} {row['wall_s']:8.2f} s {row['ratio']:7.2f} "
              f"({row['low']:.2f}-{row['high']:.2f}) {row['client_cpu_us']:9.0f} us {grown:>9}")
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--others", action="store_true")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    result = {}
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        server = Server(name)
        try:
            for count, rounds, rounds_of_others in SIZES[options.size]:
                kinds = [(Psql, rounds), (Sluice, rounds)]
                if options.others:
                    kinds += [(kind, rounds_of_others) for kind in OTHERS if kind.can_run(count)]
                arms = [(kind(pathlib.Path(name) / f"{kind.__name__}-{count}", count), most)
                        for kind, most in kinds]
                result[count] = compare(server, arms, rounds, count)
        finally:
            server.close()
    for count, found in result.items():
        within = found[Sluice.name]["ratio"] <= BAR
        print(f"bar of {BAR} x psql at {count}: {'met' if within else 'missed'}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
