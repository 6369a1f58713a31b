#!/usr/bin/python3
"""How fast does a backfill fill a column, and what does it leave behind?

    bench/backfill/run.py [--size quick|full] [--shape NAME..] [--json FILE]

Side by side, in one run, in pairs of random order, each on a fresh copy of the same table with the
same triggers: one big UPDATE (which nobody dares to run beside an app), and `sluice backfill run`
with one worker and with two. The update's session keeps the triggers silent as sluice does. Shapes:

    key         rows of about 260 bytes, a bigint primary key
    indexes     the same with two secondary indexes beside it
    uuid        the same with a random uuid as the key, and two secondary indexes

Speed is rows per second from the start of the process (or statement) to its end; growth is the size
of the heap, and of its indexes, after / before; WAL is bytes per row. Ratios are those of the pairs
(median, and the range). sluice's time holds its own start and its last pass, which finds none.
"""
import argparse
import json
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import time

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
SIZES = {"quick": {"rows": 200_000, "rounds": 2}, "full": {"rows": 600_000, "rounds": 5}}
ARMS = ["one update", "sluice", "sluice x2"]
REVISION = "bbbbbbbbbbb1"
SHAPES = {
    "key": ("bigint", "i", []),
    "indexes": ("bigint", "i", ["created", "email"]),
    "uuid": ("uuid", "md5(i::text)::uuid", ["created", "email"]),
}
REVISION_FILE = f"""-- Revision: {REVISION}
-- Title: display name

-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;
"""


class Server:
    """A private PostgreSQL with settings of a small production server."""

    def __init__(self, above):
        self.folder = os.path.join(above, "server")
        self.sluice("dev", "start", "--dir", self.folder, "--setting", "shared_buffers=512MB",
                    "--setting", "max_wal_size=4GB")
        self.url = self.sluice("dev", "url", "--dir", self.folder).strip()

    @staticmethod
    def sluice(*args, **options):
        done = subprocess.run([SLUICE, *args], capture_output=True, text=True, **options)
        if done.returncode != 0:
            sys.exit(f"sluice {' '.join(args)}: {done.stderr}")
        return done.stdout

    def url_of(self, database):
        return self.url.replace("/postgres?", f"/{database}?")

    def execute(self, sql, database="postgres"):
        connection = psycopg2.connect(self.url_of(database))
        connection.autocommit = True
        try:
            with connection.cursor() as cursor:
                cursor.execute(sql)
                return cursor.fetchall() if cursor.description else None
        finally:
            connection.close()

    def close(self):
        self.sluice("dev", "stop", "--remove", "--dir", self.folder)


def make_template(server, shape, rows, folder):
    """A database with the table, the new column and the triggers: what each arm gets a copy of."""
    kind, key, indexes = SHAPES[shape]
    server.execute("CREATE DATABASE source")
    server.execute(f"CREATE TABLE users (id {kind} PRIMARY KEY, full_name text NOT NULL, "
                   "email text, created timestamptz, filler text)", "source")
    server.execute(f"INSERT INTO users SELECT {key}, 'name of ' || i, 'user' || i || '@example.org',"
                   f" now() - i * interval '1 s', repeat('x', 150) FROM generate_series(1, {rows}) i",
                   "source")
    for column in indexes:
        server.execute(f"CREATE INDEX ON users ({column})", "source")
    server.execute("VACUUM ANALYZE users", "source")
    server.sluice("upgrade", cwd=folder,
                  env={**os.environ, "DATABASE_URL": server.url_of("source")})


def run_arm(server, arm, folder):
    if arm == "one update":
        server.execute(f"SET sluice.backfill = '{REVISION}'; UPDATE users SET display_name = full_name "
                       "WHERE display_name IS NULL AND full_name IS NOT NULL", "copy")
        return
    workers = "2" if arm.endswith("x2") else "1"
    server.sluice("backfill", "run", "--workers", workers, cwd=folder,
                  env={**os.environ, "DATABASE_URL": server.url_of("copy")})


def measure(server, arm, rows, folder):
    server.execute("CREATE DATABASE copy TEMPLATE source")
    server.execute("CHECKPOINT")
    sizes = "SELECT pg_relation_size('users'), pg_indexes_size('users')"
    heap, indexes = server.execute(sizes, "copy")[0]
    wal = server.execute("SELECT pg_current_wal_insert_lsn()", "copy")[0][0]
    start = time.monotonic()
    run_arm(server, arm, folder)
    seconds = time.monotonic() - start
    written = server.execute(f"SELECT pg_current_wal_insert_lsn() - '{wal}'::pg_lsn", "copy")[0][0]
    heap_after, indexes_after = server.execute(sizes, "copy")[0]
    left = server.execute("SELECT count(*) FROM users WHERE display_name IS NULL", "copy")[0][0]
    server.execute("DROP DATABASE copy WITH (FORCE)")
    if left:
        sys.exit(f"{arm}: {left} rows are not filled")
    return {"rows_per_s": rows / seconds, "heap_growth": heap_after / heap,
            "index_growth": indexes_after / indexes, "wal_per_row": float(written) / rows}


def run_shape(server, shape, size, folder):
    make_template(server, shape, size["rows"], folder)
    results = {arm: [] for arm in ARMS}
    for _ in range(size["rounds"]):
        for arm in random.sample(ARMS, len(ARMS)):
            results[arm].append(measure(server, arm, size["rows"], folder))
    server.execute("DROP DATABASE source WITH (FORCE)")
    return results


def summarize(results):
    summary = {}
    for arm, rounds in results.items():
        summary[arm] = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        ratios = [one["rows_per_s"] / base["rows_per_s"]
                  for one, base in zip(rounds, results["one update"])]
        summary[arm]["speed_ratio"] = statistics.median(ratios)
        summary[arm]["speed_range"] = [min(ratios), max(ratios)]
    return summary


def show(shape, summary):
    for arm, figures in summary.items():
        low, high = figures["speed_range"]
        print(f"{shape:8} {arm:11} {figures['rows_per_s']:9,.0f} rows/s  "
              f"{figures['speed_ratio']:.2f}x ({low:.2f}-{high:.2f})  "
              f"heap {figures['heap_growth']:.2f}x  indexes {figures['index_growth']:.2f}x  "
              f"WAL {figures['wal_per_row']:.0f} B/row", flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--shape", choices=SHAPES, nargs="+", default=list(SHAPES))
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    size, report = SIZES[args.size], {}
    print(f"{size['rows']:,} rows, {size['rounds']} rounds; repeat with: "
          f"{' '.join(['bench/backfill/run.py', *sys.argv[1:]])}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as above:
        os.chmod(above, 0o755)
        folder = pathlib.Path(above, "project")
        (folder / "migrations").mkdir(parents=True)
        (folder / "sluice.yaml").write_text("backfill:\n  workers: 1\n")
        (folder / "migrations/20261121_rename.sql").write_text(REVISION_FILE)
        server = Server(above)
        try:
            for shape in args.shape:
                report[shape] = summarize(run_shape(server, shape, size, folder))
                show(shape, report[shape])
        finally:
            server.close()
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
