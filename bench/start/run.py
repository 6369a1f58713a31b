#!/usr/bin/python3
"""What does it cost to start sluice, as prompts, hooks and container entry points do?

    bench/start/run.py [--size quick|full] [--json FILE]

Side by side, in turns: `sluice heads` on 1 and on 200 revisions, beside `psql --version`, which loads
the same client library and does nothing. CPU seconds (user + system) of the whole process, as the
kernel accounts them; ratios are those of the turns (median, and the range). The bar is 15 ms of CPU.
"""
import argparse
import glob
import json
import os
import pathlib
import resource
import statistics
import subprocess
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
TURNS = {"quick": 30, "full": 300}
BAR_MS = 15.0
# Debian's psql on the PATH is a Perl script that looks for this one.
PSQL = (sorted(glob.glob("/usr/lib/postgresql/*/bin/psql")) or ["psql"])[-1]


def project(folder, revisions):
    (folder / "migrations").mkdir(parents=True)
    (folder / "sluice.yaml").write_text("migrations: migrations\n")
    parent = ""
    for i in range(revisions):
        name = f"{i:012x}"
        revises = f"-- Revises: {parent}\n" if parent else ""
        (folder / f"migrations/20260101_{name}_change.sql").write_text(
            f"-- Revision: {name}\n{revises}-- Title: change {i}\n\n"
            f"-- sluice: expand\nCREATE TABLE t{i} (id int);\n")
        parent = name
    return folder


def cpu_ms(command, folder):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return 1000 * (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", choices=TURNS, default="quick")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        arms = {
            "psql --version": ([PSQL, "--version"], root),
            "heads, 1 revision": ([SLUICE, "heads"], project(root / "one", 1)),
            "heads, 200 revisions": ([SLUICE, "heads"], project(root / "many", 200)),
        }
        turns = [{arm: cpu_ms(*call) for arm, call in arms.items()}
                 for _ in range(TURNS[options.size])]
    print(f"{'':22} {'CPU ms, median (range)':>28}   ratio to psql --version")
    result = {}
    for arm in arms:
        times = [turn[arm] for turn in turns]
        ratio = statistics.median(turn[arm] / max(turn["psql --version"], 0.001) for turn in turns)
        result[arm] = {"cpu_ms": statistics.median(times), "ratio": ratio}
        print(f"{arm:22} {statistics.median(times):11.1f} ({min(times):.1f}-{max(times):.1f})"
              f"{ratio:18.2f}")
    within = result["heads, 200 revisions"]["cpu_ms"] <= BAR_MS
    print(f"bar of {BAR_MS:.0f} ms: {'met' if within else 'missed'}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
