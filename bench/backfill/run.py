#!/usr/bin/python3
"""How fast does a backfill fill a column, and what does it leave behind?

    bench/backfill/run.py [--size quick|full] [--shape NAME..] [--arm NAME..] [--rows N]
                          [--rounds N] [--json FILE] [--plot FILE.png]

Side by side, in one run, in rounds of random order, each arm on a fresh copy of the same table: one
big UPDATE, `sluice backfill run` as it is and with each walk and number of parts, and the loops that
others run. The table has the triggers of the mapping, silenced for whoever fills it by SQL (pgroll's
loop has pgroll's trigger instead). PostgreSQL runs with fsync; autovacuum is off.

Speed is rows per second from the start of the process (or statement) to its end: sluice's holds its
own start, its last pass, which finds none, and ANALYZE. Without --shape, --arm or --rows it goes
through the stages of the size: a survey of all shapes, the record of two, the loops, the scale.
"""
import argparse
import json
import os
import pathlib
import random
import sys
import tempfile

import arms
import report
import shapes
from server import Server

SURVEY = ["one update", "sluice", "key walk", "K=1", "K=4", "K=8", "tight"]
LOOPS = ["one update", "sluice", "pgroll", "gitlab", "row by row"]
# shapes, arms, rows, rounds
STAGES = {
    "quick": [(list(shapes.SHAPES), ["one update", "sluice"], 100_000, 2),
              (["key", "indexes"], ["one update", "sluice", "sluice x2", "tight"], 300_000, 3),
              (["indexes"], LOOPS, 100_000, 1)],
    "full": [(list(shapes.SHAPES), SURVEY, 200_000, 2),
             (["key", "indexes"], ["one update", "sluice", "sluice x2"], 2_000_000, 7),
             (["indexes"], LOOPS, 200_000, 5),
             (["indexes"], ["sluice"], 100_000, 5),
             (["indexes"], ["one update", "sluice"], 10_000_000, 1)],
}


def run_shape(above, name, arm_names, rows, rounds):
    """Each shape has a server of its own: its settings, and nothing left of the one before."""
    shape = shapes.SHAPES[name]
    with tempfile.TemporaryDirectory(dir=above) as folder:
        os.chmod(folder, 0o755)
        server = Server(folder, shape.shared_buffers)
        try:
            bench = arms.Bench(server, shapes.folder_in(folder), rows)
            shapes.make(server, shape, rows, bench.folder)
            results = {arm: [] for arm in arm_names}
            for _ in range(rounds):
                for arm in random.sample(arm_names, len(arm_names)):
                    results[arm].append(arms.measure(bench, arm))
            return report.summarize(results)
        finally:
            server.close()


def parse():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog="shapes:\n" + shapes.names() + "\n\narms:\n"
        + "\n".join(f"    {name:11}  {arm.about}" for name, arm in arms.ARMS.items()))
    parser.add_argument("--size", choices=STAGES, default="quick")
    parser.add_argument("--shape", choices=shapes.SHAPES, nargs="+", metavar="NAME")
    parser.add_argument("--arm", choices=arms.ARMS, nargs="+", metavar="NAME")
    parser.add_argument("--rows", type=int, metavar="N")
    parser.add_argument("--rounds", type=int, metavar="N")
    parser.add_argument("--json", metavar="FILE")
    parser.add_argument("--plot", metavar="FILE.png")
    return parser.parse_args()


def stages_of(args):
    if args.shape is None and args.arm is None and args.rows is None:
        return [(names, arm_names, rows, args.rounds or rounds)
                for names, arm_names, rows, rounds in STAGES[args.size]]
    arm_names = args.arm or SURVEY
    return [(args.shape or list(shapes.SHAPES), arm_names, args.rows or 300_000, args.rounds or 3)]


def main():
    args, results = parse(), {}
    print(f"repeat with: {' '.join(['bench/backfill/run.py', *sys.argv[1:]])}\n{report.LEGEND}\n"
          f"*: one row of {arms.ROW_LOOP_SHARE} done, and extrapolated\n\n{report.HEAD}", flush=True)
    with tempfile.TemporaryDirectory(prefix="sluice-bench-") as above:
        os.chmod(above, 0o755)
        for names, arm_names, rows, rounds in stages_of(args):
            for name in names:
                summary = run_shape(above, name, arm_names, rows, rounds)
                report.show(name, rows, summary)
                results.setdefault((name, rows), {}).update(summary)
    if args.json:
        pathlib.Path(args.json).write_text(json.dumps(
            [{"shape": shape, "rows": rows, "arms": summary}
             for (shape, rows), summary in results.items()], indent=2))
    if args.plot:
        report.plot(args.plot, results)


if __name__ == "__main__":
    main()
