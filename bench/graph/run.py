#!/usr/bin/python3
"""What does it cost to read the graph of 10,000 revisions?

    bench/graph/run.py [--size quick|full] [--json FILE]

Side by side, in turns: `sluice heads` on the folder; a C program (floor.c) that lists the same folder,
opens every file and reads its first block; and `sluice heads` on one revision, which is what the
program costs to start. CPU seconds (user + system) of whole processes, as the kernel accounts them;
ratios are those of the turns: median, with the 95 % interval of the median. The bar is 1.5 times the
floor for the load (the run less the start); the ratio of the whole process is shown beside it.
"""
import argparse
import json
import os
import pathlib
import random
import resource
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
REVISIONS = 10000
TURNS = {"quick": 15, "full": 101}
BAR = 1.5


def project(folder, revisions):
    """A chain with a branch of five revisions, merged again, at every hundredth."""
    (folder / "migrations").mkdir(parents=True)
    (folder / "sluice.yaml").write_text("migrations: migrations\n")
    ids = random.Random(1)
    main, side = "", None
    for i in range(revisions):
        name = f"{ids.getrandbits(48):012x}"
        if i % 100 == 95:
            side = main
        on_side = side is not None and i % 100 < 99 and i % 2
        parents = side if on_side else main
        if i % 100 == 99 and side not in (None, main):
            parents, side = f"{main}, {side}", None
        revises = f"-- Revises: {parents}\n" if parents else ""
        (folder / f"migrations/2026{i:06}_{name}_change.sql").write_text(
            f"-- Revision: {name}\n{revises}-- Title: change {i}\n"
            f"-- Created: 2026-11-21T20:53:02Z\n\n-- sluice: expand\n"
            f"CREATE TABLE t{i} (id bigint PRIMARY KEY, name text);\n\n"
            f"-- sluice: downgrade\nDROP TABLE t{i};\n")
        if on_side:
            side = name
        else:
            main = name
    return folder


def cpu_ms(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def interval(values):
    """The median, and the order statistics around it that hold it with 95 %."""
    ordered = sorted(values)
    reach = 0.98 * len(ordered) ** 0.5
    low = max(0, round((len(ordered) - 1) / 2 - reach))
    high = min(len(ordered) - 1, round((len(ordered) - 1) / 2 + reach))
    return statistics.median(ordered), ordered[low], ordered[high]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", choices=TURNS, default="quick")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        many, one = project(root / "many", REVISIONS), project(root / "one", 1)
        floor = root / "floor"
        subprocess.run([os.environ.get("CC", "cc"), "-O2", "-o", floor,
                        pathlib.Path(__file__).with_name("floor.c")], check=True)
        turns = []
        for _ in range(TURNS[options.size] + 1):
            turns.append({"floor": cpu_ms([floor, "migrations"], many),
                          "heads": cpu_ms([SLUICE, "heads"], many),
                          "start": cpu_ms([SLUICE, "heads"], one)})
        turns = turns[1:]  # the first one fills the caches
    result = {arm: dict(zip(("median", "low", "high"), interval([turn[arm] for turn in turns])))
              for arm in turns[0]}
    ratios = {
        "load": interval([(turn["heads"] - turn["start"]) / turn["floor"] for turn in turns]),
        "process": interval([turn["heads"] / turn["floor"] for turn in turns]),
    }
    for arm, what in (("floor", f"list, open, read {REVISIONS} files"),
                      ("heads", f"sluice heads, {REVISIONS} revisions"),
                      ("start", "sluice heads, 1 revision")):
        print(f"{what:34} {result[arm]['median']:7.1f} ms CPU "
              f"({result[arm]['low']:.1f}-{result[arm]['high']:.1f})")
    for what, values in ratios.items():
        result[f"{what}_ratio"] = dict(zip(("median", "low", "high"), values))
        print(f"{what + ' / floor':34} {values[0]:7.2f} ({values[1]:.2f}-{values[2]:.2f})")
    print(f"bar of {BAR} for the load: {'met' if ratios['load'][0] <= BAR else 'missed'}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
