#!/usr/bin/python3
"""What does it cost to lint 5,000 files of 11 statements?

    bench/lint/run.py [--size quick|full] [--squawk PATH] [--json FILE]

Side by side, in turns of random order, on the same files: `sluice lint` with all cores and with one
thread; squawk (npm's squawk-cli, fetched into a private folder, or the program of --squawk; left out
if neither can be had); and a C program (floor.c) that reads, parses and unpacks the same files with
libpg_query and does nothing else. CPU seconds (user + system) and wall time of whole processes;
ratios are those of the turns: median, with the 95 % interval of the median. Bars: less CPU and less
wall time than squawk, at most 1.5 times the floor's CPU, and 15 ms of wall time for one file.
"""
import argparse
import json
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
FILES = 5000
TURNS = {"quick": 5, "full": 21}
FLOOR_BAR, ONE_FILE_BAR_MS = 1.5, 15


def text_of(number, ids):
    """Eleven statements as migrations have them: half on tables that are new, half on old ones."""
    new, old = f"t{number}", f"old_{ids.randrange(400)}"
    return f"""-- migration {number}
BEGIN;
SET LOCAL lock_timeout = '1s';
CREATE TABLE {new} (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name text NOT NULL,
    {old}_id bigint,
    price numeric(10,2) NOT NULL DEFAULT 0 CHECK (price >= 0),
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX {new}_name ON {new} (lower(name), created_at DESC) WHERE price > 0;
COMMENT ON TABLE {new} IS 'made by migration {number}';
COMMIT;
ALTER TABLE {old} ADD COLUMN c{number} text DEFAULT 'x', ADD COLUMN d{number} int;
CREATE INDEX CONCURRENTLY {old}_c{number} ON {old} (c{number});
ALTER TABLE {old} ADD CONSTRAINT {old}_k{number} CHECK (d{number} > 0) NOT VALID;
ALTER TABLE {old} VALIDATE CONSTRAINT {old}_k{number};
UPDATE {old} SET d{number} = 1 WHERE id BETWEEN {number} AND {number + 1000};
"""


def make_files(folder):
    ids = random.Random(1)
    paths = []
    for number in range(FILES):
        paths.append(folder / f"{number:05}.sql")
        paths[-1].write_text(text_of(number, ids))
    return paths


def find_squawk(named, folder):
    """Its path; None if it cannot be had."""
    if named:
        return named
    if not shutil.which("npm"):
        return None
    done = subprocess.run(["npm", "install", "--prefix", folder, "squawk-cli"],
                          capture_output=True, text=True)
    found = list(pathlib.Path(folder).glob("node_modules/@squawk-cli/*/**/squawk"))
    found += list(pathlib.Path(folder).glob("node_modules/squawk-cli/js/bin/*"))
    programs = [path for path in found if path.is_file() and os.access(path, os.X_OK)]
    if done.returncode or not programs:
        print(f"no squawk: {done.stderr.strip()[-200:] or found}", file=sys.stderr)
        return None
    return str(programs[0])


def measure(command, folder):
    """CPU and wall seconds of one run; findings (status 1, 9) are no failure."""
    before, begin = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    done = subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    wall = time.perf_counter() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 1, 9):
        sys.exit(f"{command[0]}: status {done.returncode}: {done.stderr.decode()[-500:]}")
    return {"cpu": after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime,
            "wall": wall}


def interval(values):
    """The median, and the order statistics around it that hold it with 95 %."""
    ordered = sorted(values)
    reach = 0.98 * len(ordered) ** 0.5
    low = max(0, round((len(ordered) - 1) / 2 - reach))
    high = min(len(ordered) - 1, round((len(ordered) - 1) / 2 + reach))
    return statistics.median(ordered), ordered[low], ordered[high]


def run_turns(arms, turns, folder):
    taken = {arm: [] for arm in arms}
    for turn in range(turns + 1):
        order = list(arms)
        random.shuffle(order)
        for arm in order:
            figures = measure(arms[arm], folder)
            if turn > 0:  # the first one fills the caches
                taken[arm].append(figures)
    return taken


def ratio(taken, what, over, under):
    return interval([a[what] / b[what] for a, b in zip(taken[over], taken[under])])


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", choices=TURNS, default="quick")
    parser.add_argument("--squawk")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        folder = root / "files"
        folder.mkdir()
        paths = [path.name for path in make_files(folder)]
        floor = root / "floor"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", floor,
                        pathlib.Path(__file__).with_name("floor.c"), "-lpg_query", "-lprotobuf-c",
                        "-lpthread"], check=True)
        arms = {"floor": [floor, *paths],
                "sluice": [SLUICE, "lint", "--format", "json", *paths],
                "sluice, 1 thread": [SLUICE, "lint", "--format", "json", "--jobs", "1", *paths],
                "one file": [SLUICE, "lint", "--format", "json", paths[0]]}
        squawk = find_squawk(options.squawk, root / "npm")
        if squawk:
            arms["squawk"] = [squawk, "--reporter", "json", *paths]
        taken = run_turns(arms, TURNS[options.size], folder)
    result = {arm: {what: interval([one[what] for one in figures]) for what in ("cpu", "wall")}
              for arm, figures in taken.items()}
    for arm, figures in result.items():
        print(f"{arm:18} CPU {figures['cpu'][0] * 1000:8.1f} ms   wall "
              f"{figures['wall'][0] * 1000:8.1f} ms")
    bars = [("CPU / floor", ratio(taken, "cpu", "sluice, 1 thread", "floor"), FLOOR_BAR)]
    if squawk:
        bars += [("CPU / squawk", ratio(taken, "cpu", "sluice", "squawk"), 1),
                 ("wall / squawk", ratio(taken, "wall", "sluice", "squawk"), 1)]
    for what, (middle, low, high), bar in bars:
        result[what] = (middle, low, high)
        print(f"{what:18} {middle:6.2f} ({low:.2f}-{high:.2f}), bar {bar}: "
              f"{'met' if middle <= bar else 'missed'}")
    one_file_ms = 1000 * result["one file"]["wall"][0]
    print(f"one file           {one_file_ms:6.1f} ms, bar {ONE_FILE_BAR_MS}: "
          f"{'met' if one_file_ms <= ONE_FILE_BAR_MS else 'missed'}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
