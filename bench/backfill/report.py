"""Medians, the ratios of pairs with their interval, the table, the plot."""
import math
import pathlib
import shutil
import statistics
import subprocess
import tempfile

from arms import ARMS, BASE

CONFIDENCE = 0.95


def interval(values):
    """The narrowest order statistics that hold the median in 95 of 100 runs; all, if too few."""
    values, count = sorted(values), len(values)
    outside, drop = 0.0, 0
    while drop < (count - 1) // 2:
        outside += 2 * math.comb(count, drop) / 2 ** count
        if outside > 1 - CONFIDENCE:
            break
        drop += 1
    drop = max(drop - 1, 0)
    return values[drop], values[count - 1 - drop]


def summarize(rounds_of):
    """@rounds_of: arm -> its measures, one a round; ratios are those of the same round."""
    summary = {}
    for arm, rounds in rounds_of.items():
        summary[arm] = {name: statistics.median(one[name] for one in rounds) for name in rounds[0]}
        summary[arm]["rounds"] = len(rounds)
        if BASE not in rounds_of:
            continue
        for name, ratio, invert in (("rows_per_s", "speed", False), ("wal_per_row", "wal", False),
                                    ("cpu_us_per_row", "cpu", True)):
            pairs = [base[name] / one[name] if invert else one[name] / base[name]
                     for one, base in zip(rounds, rounds_of[BASE]) if one[name] and base[name]]
            if pairs:
                summary[arm][f"{ratio}_ratio"] = statistics.median(pairs)
                summary[arm][f"{ratio}_interval"] = interval(pairs)
    return summary


HEAD = (f"{'shape':11} {'rows':>10} {'arm':11} {'rows/s':>8}  {'speed':>5} {'interval':11} "
        f"{'cpu':>5} {'us/row':>6} {'heap':>5} {'index':>5} {'all':>5} {'WAL/row':>7} {'WAL':>5} "
        f"{'HOT':>4}")
LEGEND = """speed, cpu: rows a second, and rows a second of the server's CPU, against one big UPDATE: medians
of the pairs, with the 95 % interval of the median; heap, index, all: size after / before, of the
heap, the index that grew most, all indexes; WAL: bytes per row, and against one big UPDATE."""


def line(shape, rows, arm, one):
    speed = one.get("speed_ratio", float("nan"))
    low, high = one.get("speed_interval", (float("nan"),) * 2)
    mark = "*" if ARMS[arm].share > 1 else " "
    return (f"{shape:11} {rows:10,} {arm:11} {one['rows_per_s']:8,.0f}{mark} {speed:5.2f} "
            f"{f'{low:.2f}-{high:.2f}':11} {one.get('cpu_ratio', float('nan')):5.2f} "
            f"{one['cpu_us_per_row']:6.2f} {one['heap_growth']:5.2f} {one['index_growth']:5.2f} "
            f"{one['all_indexes_growth']:5.2f} {one['wal_per_row']:7.0f} "
            f"{one.get('wal_ratio', float('nan')):5.2f} {one['hot_share']:4.2f}")


def show(shape, rows, summary):
    for arm, one in summary.items():
        print(line(shape, rows, arm, one), flush=True)


PLOT = """
set terminal pngcairo size 1400,900 font ',10'
set output '{png}'
set multiplot layout 3,1 title 'Backfill: each way of filling, by shape of table'
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.8 border -1
set boxwidth 0.9
set grid ytics
set yrange [0:*]
set key outside right
set ylabel 'speed (one UPDATE = 1)'
plot {speed}
set ylabel 'heap, after / before'
plot {heap}
set ylabel 'indexes, after / before'
plot {indexes}
"""


def plot(png, results):
    """@results: (shape, rows) -> summary. Says how to get gnuplot where there is none."""
    if shutil.which("gnuplot") is None:
        print(f"no plot {png}: install gnuplot (Debian: gnuplot-nox)")
        return
    arms = [arm for arm in ARMS if any(arm in summary for summary in results.values())]
    with tempfile.TemporaryDirectory() as folder:
        data = pathlib.Path(folder, "data")
        with data.open("w") as out:
            for (shape, rows), summary in results.items():
                cells = [f'"{shape} {rows // 1000}k"']
                for name in ("speed_ratio", "heap_growth", "all_indexes_growth"):
                    cells += [str(summary.get(arm, {}).get(name, "?")) for arm in arms]
                print(*cells, file=out)
        figures = {}
        for place, name in enumerate(("speed", "heap", "indexes")):
            figures[name] = ", ".join(
                f"'{data}' using {2 + place * len(arms) + k}{':xtic(1)' if k == 0 else ''} "
                f"title '{arm}'" for k, arm in enumerate(arms))
        script = pathlib.Path(folder, "script")
        script.write_text("set datafile missing '?'\n" + PLOT.format(png=png, **figures))
        subprocess.run(["gnuplot", str(script)], check=True)
    print(f"plot: {png}")
