#!/usr/bin/python3
"""What does an app feel of a backfill beside it?

    bench/backfill/impact.py [--size quick|full] [--shape NAME] [--arm NAME..] [--rows N]
                             [--rounds N] [--json FILE]

An app at a fixed rate of 300 transactions a second, each an UPDATE of another column of one row of
the table that is filled; alone, and beside each arm of run.py, in one run and in random order, each
on a fresh copy. Latency is counted from when a transaction was due (pgbench --rate), so that a stall
counts for all that it holds up; over the time of the fill, at most so many seconds of it. Bar: at
the default settings p99 is at most 1.5 times that of the app alone in the same round.
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
import threading
import time

import psycopg2

import arms
import report
import shapes
from server import Server

RATE, CLIENTS, WARM_S, ALONE_S, BAR = 300, 8, 2.0, 10.0, 1.5
ALONE = "alone"
ARMS = ["sluice", "unthrottled", "one update", "pgroll", "gitlab", "row by row"]
SIZES = {"quick": {"rows": 500_000, "rounds": 1, "longest_s": 10},
         "full": {"rows": 1_000_000, "rounds": 7, "longest_s": 12}}
WORK = "\\set id random(1, {rows})\nUPDATE users SET city = 'city ' || :id WHERE id = :id;\n"


class App:
    """pgbench, with a log of each transaction: client, number, latency in us, script, end."""

    def __init__(self, bench, folder):
        self.folder, self.server = folder, bench.server
        script = folder / "work.sql"
        script.write_text(WORK.format(rows=bench.rows))
        for log in folder.glob("app.*"):
            log.unlink()
        self.process = subprocess.Popen(
            ["pgbench", "-n", "-M", "prepared", "-R", str(RATE), "-c", str(CLIENTS), "-T", "600",
             "-f", str(script), "-l", "--log-prefix", str(folder / "app"),
             bench.server.url_of(bench.database)],
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)

    def close(self):
        """Without its sessions it writes what it has of its log, and goes."""
        self.server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                            "WHERE application_name LIKE 'pgbench%'")
        self.process.wait()

    def latencies_ms(self, start, end):
        """Of the transactions that were due within."""
        found = []
        for log in self.folder.glob("app.*"):
            for line in log.read_text().splitlines():
                fields = line.split()
                if len(fields) < 6:
                    continue  # cut off as it ended
                took = int(fields[2]) / 1e6
                due = int(fields[4]) + int(fields[5]) / 1e6 - took
                if start <= due <= end:
                    found.append(took * 1000)
        return found


def fill(bench, name, failures):
    try:
        arms.ARMS[name].run(bench)
    except (psycopg2.Error, SystemExit) as error:
        failures.append(error)


def stop_fill(bench, name):
    if name.startswith("sluice"):
        bench.server.sluice("backfill", "cancel", folder=bench.folder, database=bench.database)
    bench.server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                         "datname = 'copy' AND application_name NOT LIKE 'pgbench%' "
                         "AND application_name NOT LIKE 'sluice%'")


def fill_for(bench, name, longest_s):
    """Until it is done, or for so long; when it began and ended, and whether it was done."""
    failures = []
    thread = threading.Thread(target=fill, args=(bench, name, failures))
    start = time.time()
    thread.start()
    thread.join(longest_s)
    end, done = time.time(), not thread.is_alive()
    if not done:
        stop_fill(bench, name)
        thread.join()
    elif failures:
        sys.exit(f"{name}: {failures[0]}")
    return start, end, done


def measure(bench, name, folder, longest_s):
    server = bench.server
    server.execute("CREATE DATABASE copy TEMPLATE source STRATEGY FILE_COPY")
    if name != ALONE and arms.ARMS[name].setup:
        arms.ARMS[name].setup(bench)
    server.execute("CHECKPOINT")
    server.execute("SELECT count(*) FROM users", "copy")
    app = App(bench, folder)
    try:
        time.sleep(WARM_S)
        if name == ALONE:
            start = time.time()
            time.sleep(ALONE_S)
            end, done = time.time(), True
        else:
            start, end, done = fill_for(bench, name, longest_s)
    finally:
        app.close()
    latencies = sorted(app.latencies_ms(start, end))
    server.execute("DROP DATABASE copy WITH (FORCE)")
    if len(latencies) < 100:
        sys.exit(f"{name}: only {len(latencies)} transactions in {end - start:.1f} s; is pgbench there?")
    return {"p50_ms": latencies[len(latencies) // 2], "p99_ms": latencies[len(latencies) * 99 // 100],
            "max_ms": latencies[-1], "fill_s": end - start, "done": done}


def summarize(rounds_of):
    summary = {}
    for arm, rounds in rounds_of.items():
        ratios = [one["p99_ms"] / alone["p99_ms"] for one, alone in zip(rounds, rounds_of[ALONE])]
        summary[arm] = {name: statistics.median(one[name] for one in rounds)
                        for name in ("p50_ms", "p99_ms", "max_ms", "fill_s")}
        summary[arm] |= {"done": all(one["done"] for one in rounds),
                         "ratio": statistics.median(ratios), "interval": report.interval(ratios)}
    return summary


def show(summary):
    print(f"{'arm':11} {'p50 ms':>7} {'p99 ms':>8} {'longest':>8} {'p99 / alone':>12} {'interval':11} "
          f"{'fill s':>7}")
    for arm, one in summary.items():
        low, high = one["interval"]
        print(f"{arm:11} {one['p50_ms']:7.2f} {one['p99_ms']:8.1f} {one['max_ms']:8.1f} "
              f"{one['ratio']:12.2f} {f'{low:.2f}-{high:.2f}':11} {one['fill_s']:7.1f}"
              f"{'' if one['done'] else ' (not done)'}", flush=True)
    if "sluice" in summary:
        held = summary["sluice"]["ratio"] <= BAR
        print(f"bar {BAR}: {'held' if held else 'missed'} at {summary['sluice']['ratio']:.2f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--shape", choices=shapes.SHAPES, default="indexes",
                        help="one with a bigint key")
    parser.add_argument("--arm", choices=arms.ARMS, nargs="+", default=ARMS, metavar="NAME")
    parser.add_argument("--rows", type=int, metavar="N")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--json", metavar="FILE")
    args = parser.parse_args()
    size, shape = SIZES[args.size], shapes.SHAPES[args.shape]
    print(f"repeat with: {' '.join(['bench/backfill/impact.py', *sys.argv[1:]])}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as above:
        os.chmod(above, 0o755)
        server = Server(above, shape.shared_buffers)
        try:
            folder = shapes.folder_in(above)
            bench = arms.Bench(server, folder, args.rows or size["rows"])
            shapes.make(server, shape, bench.rows, folder)
            names = [ALONE, *args.arm]
            results = {name: [] for name in names}
            for _ in range(args.rounds or size["rounds"]):
                for name in random.sample(names, len(names)):
                    results[name].append(measure(bench, name, pathlib.Path(above), size["longest_s"]))
        finally:
            server.close()
    summary = summarize(results)
    show(summary)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(summary, indent=2))


if __name__ == "__main__":
    main()
