#!/usr/bin/python3
"""What does it cost to start sluice, as prompts, hooks and container entry points do?

    bench/start/run.py [--size quick|full] [--json FILE]

Side by side, in turns, against a private server: `sluice heads` and `current` on one revision, beside
the same commands of Alembic, `dbmate status` (environment variable DBMATE: its binary; left out where
there is none), and `psql --version`, which loads the same client library and does nothing. Then
`current` with many revisions applied (quick: 500, full: 5,000), beside Alembic's. CPU seconds (user +
system) and wall-clock time of whole processes; ratios to sluice's are those of the turns (median). The
bars: 15 ms of CPU, Alembic at least 10 times sluice, dbmate at least 1 time.
"""
import argparse
import glob
import json
import os
import pathlib
import resource
import shutil
import statistics
import subprocess
import tempfile
import time
import urllib.parse

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
TURNS = {"quick": 11, "full": 101}
APPLIED = {"quick": 500, "full": 5000}
SLOW_TURNS = {"quick": 3, "full": 3}
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


ENV_PY = """from alembic import context
import sqlalchemy
engine = sqlalchemy.create_engine(context.config.get_main_option("sqlalchemy.url"))
with engine.connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""


def alembic_project(folder, revisions, url):
    """A chain that its table says is applied."""
    versions = folder / "alembic/versions"
    versions.mkdir(parents=True)
    (folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = alembic\nsqlalchemy.url = {url.replace('%', '%%')}\n")
    (folder / "alembic/env.py").write_text(ENV_PY)
    (folder / "alembic/script.py.mako").write_text("")
    for i in range(revisions):
        parent = f"'{i - 1:012x}'" if i else "None"
        (versions / f"{i:012x}_change.py").write_text(
            f"revision = '{i:012x}'\ndown_revision = {parent}\n\n\ndef upgrade():\n    pass\n")
    subprocess.run([PSQL, "-qd", url, "-c",
                    "DROP TABLE IF EXISTS alembic_version; CREATE TABLE alembic_version (version_num "
                    "varchar(32) PRIMARY KEY); INSERT INTO alembic_version VALUES "
                    f"('{revisions - 1:012x}')"], check=True, capture_output=True)
    return folder


def dbmate_project(folder):
    (folder / "db/migrations").mkdir(parents=True)
    (folder / "db/migrations/20260101000000_change.sql").write_text(
        "-- migrate:up\nCREATE TABLE t (id int);\n-- migrate:down\nDROP TABLE t;\n")
    return folder


def applied(folder, revisions, env):
    project(folder, revisions)
    subprocess.run([SLUICE, "stamp", "heads"], cwd=folder, env=env, check=True,
                   capture_output=True)
    return folder


def spend(command, folder, env):
    """CPU and wall-clock milliseconds."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    subprocess.run(command, cwd=folder, env=env, check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    wall = time.monotonic() - start
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"cpu": 1000 * cpu, "wall": 1000 * wall}


def compare(arms, turns, ours):
    """Prints a row an arm; the ratios are to the arm that @ours names for it."""
    taken = [{arm: spend(*call) for arm, call in arms.items()} for _ in range(turns)]
    result = {}
    for arm in arms:
        row = {kind: statistics.median(turn[arm][kind] for turn in taken)
               for kind in ("cpu", "wall")}
        text = ""
        if arm in ours:
            for kind in ("cpu", "wall"):
                row[f"{kind}_ratio"] = statistics.median(
                    turn[arm][kind] / max(turn[ours[arm]][kind], 0.001) for turn in taken)
            text = f"  {row['cpu_ratio']:7.1f} {row['wall_ratio']:7.1f}  times {ours[arm]}"
        print(f"{arm:30} {row['cpu']:9.1f} {row['wall']:9.1f}{text}", flush=True)
        result[arm] = row
    return result


def database(base, name):
    subprocess.run([PSQL, "-qd", base, "-c", f"CREATE DATABASE {name}"], check=True)
    parts = urllib.parse.urlsplit(base)
    return urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))


def measure(root, base, size):
    few, many = database(base, "few"), database(base, "many")
    env = {**os.environ, "DATABASE_URL": few}
    one = applied(root / "one", 1, env)
    alembic_one = alembic_project(root / "alembic-one", 1, few)
    arms = {
        "psql --version": ([PSQL, "--version"], root, env),
        "sluice heads, 1": ([SLUICE, "heads"], one, env),
        "sluice heads, 200": ([SLUICE, "heads"], project(root / "many", 200), env),
        "sluice current, 1": ([SLUICE, "current"], one, env),
        "alembic heads, 1": (["alembic", "heads"], alembic_one, env),
        "alembic current, 1": (["alembic", "current"], alembic_one, env),
    }
    ours = {"alembic heads, 1": "sluice heads, 1", "alembic current, 1": "sluice current, 1"}
    dbmate = os.environ.get("DBMATE") or shutil.which("dbmate")
    if dbmate:
        folder = dbmate_project(root / "dbmate")
        url = f"{few}{'&' if '?' in few else '?'}sslmode=disable"
        dbmate_env = {**env, "DATABASE_URL": url, "DBMATE_NO_DUMP_SCHEMA": "true"}
        subprocess.run([dbmate, "up"], cwd=folder, env=dbmate_env, check=True, capture_output=True)
        arms["dbmate status, 1"] = ([dbmate, "status"], folder, dbmate_env)
        ours["dbmate status, 1"] = "sluice current, 1"
    print(f"{'':30} {'CPU ms':>9} {'wall ms':>9}  {'ratios, CPU and wall':>16}")
    result = compare(arms, TURNS[size], ours)
    count = APPLIED[size]
    env = {**os.environ, "DATABASE_URL": many}
    result.update(compare(
        {f"sluice current, {count}": ([SLUICE, "current"], applied(root / "n", count, env), env),
         f"alembic current, {count}": (["alembic", "current"],
                                       alembic_project(root / "alembic-n", count, many), env)},
        SLOW_TURNS[size], {f"alembic current, {count}": f"sluice current, {count}"}))
    return result


def check_bars(result):
    bars = [("15 ms of CPU for heads on 200 revisions",
             result["sluice heads, 200"]["cpu"] <= BAR_MS),
            ("Alembic's heads and current at least 10 times sluice's",
             all(result[f"alembic {word}, 1"]["cpu_ratio"] >= 10 for word in ("heads", "current")))]
    if "dbmate status, 1" in result:
        bars.append(("dbmate status no faster than sluice current",
                     result["dbmate status, 1"]["cpu_ratio"] >= 1
                     and result["dbmate status, 1"]["wall_ratio"] >= 1))
    for what, met in bars:
        print(f"bar, {what}: {'met' if met else 'missed'}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", choices=TURNS, default="quick")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        root = pathlib.Path(name)
        root.chmod(0o755)
        server = ["-D", root / "server"]
        subprocess.run([SLUICE, "dev", "start", *server], check=True, stdout=subprocess.DEVNULL)
        try:
            base = subprocess.run([SLUICE, "dev", "url", *server], check=True, text=True,
                                  capture_output=True).stdout.strip()
            result = measure(root, base, options.size)
        finally:
            subprocess.run([SLUICE, "dev", "stop", "--remove", *server], stdout=subprocess.DEVNULL)
    check_bars(result)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
