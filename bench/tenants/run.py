#!/usr/bin/python3
"""What does it cost to upgrade the tenants' schemas of one database?

    bench/tenants/run.py [--size quick|full] [--json FILE]

Each tenant has a schema with the first revision (two tables); the second one, that adds a column and a
table, is missing everywhere. Then nothing is missing, and the same is run again. Side by side, each on
a fresh copy of the same database, in turns:

    sluice          one `sluice upgrade`, with its four sessions, and with one
    alembic         a process for each tenant: `alembic -x tenant=NAME upgrade head`, with the env.py of
                    Alembic's cookbook (SET search_path, version table in the tenant's schema)
    alembic, one    one process whose env.py goes through all tenants: what a team writes in the end

A turn of the loop of processes takes a sample of the tenants and is scaled to all of them, linearly; the
table says so. Wall-clock seconds, medians of the turns; ratios are those of the turns. Statements and
columns are the same in all arms. The server has fsync on.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import tempfile
import time
import urllib.parse

import psycopg2

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))
ALEMBIC = ["/usr/bin/python3", "-c", "from alembic.config import main; main()"]
SIZES = {"quick": {"tenants": 100, "turns": 1, "sample": 10},
         "full": {"tenants": 1000, "turns": 3, "sample": 50}}
FIRST = ["CREATE TABLE users (id bigint PRIMARY KEY, name text NOT NULL)",
         "CREATE TABLE notes (id bigint PRIMARY KEY, owner bigint NOT NULL, body text)"]
SECOND = ["ALTER TABLE users ADD COLUMN email text",
          "CREATE TABLE tag (id bigint PRIMARY KEY, name text NOT NULL)"]
ONE, TWO = "aaaaaaaa0001", "aaaaaaaa0002"

ENV = """
import sqlalchemy
from alembic import context

engine = sqlalchemy.create_engine(context.config.get_main_option("sqlalchemy.url"))


def upgrade(connection, tenant):
    connection.execute(f'SET search_path TO "{tenant}"')
    connection.dialect.default_schema_name = tenant
    context.configure(connection=connection, version_table_schema=tenant)
    with context.begin_transaction():
        context.run_migrations()


with engine.connect() as connection:
    tenant = context.get_x_argument(as_dictionary=True).get("tenant")
    tenants = [tenant] if tenant else [row[0] for row in connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname LIKE 'tenant~_%%' ESCAPE '~'").fetchall()]
    for name in tenants:
        upgrade(connection, name)
"""


def sluice_project(folder, url):
    (folder / "migrations").mkdir(parents=True)
    (folder / "sluice.yaml").write_text("databases: {schemas: 'tenant_*'}\n")
    for revision, parent, statements in ((ONE, None, FIRST), (TWO, ONE, SECOND)):
        revises = f"-- Revises: {parent}\n" if parent else ""
        body = ";\n".join(statements)
        (folder / f"migrations/20260101_{revision}_change.sql").write_text(
            f"-- Revision: {revision}\n{revises}-- Title: change\n\n-- sluice: expand\n{body};\n")
    return {"cwd": folder, "env": {**os.environ, "DATABASE_URL": url}}


def alembic_project(folder, url):
    (folder / "versions").mkdir(parents=True)
    (folder / "alembic.ini").write_text(
        f"[alembic]\nscript_location = .\nsqlalchemy.url = {url.replace('%', '%%')}\n")
    (folder / "env.py").write_text(ENV)
    for revision, parent, statements in ((ONE, None, FIRST), (TWO, ONE, SECOND)):
        body = "".join(f"    op.execute({statement!r})\n" for statement in statements)
        (folder / f"versions/{revision}.py").write_text(
            f"from alembic import op\nrevision, down_revision = {revision!r}, {parent!r}\n"
            f"branch_labels = depends_on = None\n\n\ndef upgrade():\n{body}")
    return {"cwd": folder, "env": dict(os.environ)}


class Server:
    def __init__(self, folder):
        self.folder = folder
        done = self.dev("start", "--durable", "--format", "json")
        self.url = json.loads(done.stdout)["socket_url"]

    def dev(self, *args):
        return subprocess.run([SLUICE, "dev", *args, "--dir", self.folder], check=True, text=True,
                              stdout=subprocess.PIPE)

    def url_of(self, name):
        return urllib.parse.urlunsplit(urllib.parse.urlsplit(self.url)._replace(path=f"/{name}"))

    def execute(self, database, *statements):
        connection = psycopg2.connect(self.url_of(database))
        connection.autocommit = True
        with connection.cursor() as cursor:
            for statement in statements:
                cursor.execute(statement)
        connection.close()


def timed(command, project):
    start = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
                          **project)
    if done.returncode != 0:
        raise SystemExit(f"{command}: status {done.returncode}\n{done.stderr}")
    return time.monotonic() - start


def loop_of_processes(project, names, sample):
    took = sum(timed([*ALEMBIC, "-x", f"tenant={name}", "upgrade", "head"], project)
               for name in names[:sample])
    return took * len(names) / min(sample, len(names))


def prepare(server, root, names):
    """A database in which every tenant has the first revision, as both tools know it."""
    server.execute("postgres", "CREATE DATABASE base")
    server.execute("base", *(f'CREATE SCHEMA "{name}"' for name in names))
    project = sluice_project(root / "base", server.url_of("base"))
    timed([SLUICE, "upgrade", ONE], project)
    server.execute("base", *(
        f'CREATE TABLE "{name}".alembic_version (version_num varchar(32) PRIMARY KEY); '
        f"INSERT INTO \"{name}\".alembic_version VALUES ('{ONE}')" for name in names))


def check(server, database, names):
    """All that should have the second revision do."""
    connection = psycopg2.connect(server.url_of(database))
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE tablename = 'tag'")
        found = cursor.fetchone()[0]
    connection.close()
    if found != names:
        raise SystemExit(f"{database}: {found} of {names} tenants were upgraded")


def turn(server, root, number, names, sample):
    """{arm: (seconds behind, seconds up to date)}"""
    arms = {
        "sluice": lambda project: timed([SLUICE, "upgrade"], project),
        "sluice, 1 session": lambda project: timed([SLUICE, "upgrade", "--jobs", "1"], project),
        "alembic, one": lambda project: timed([*ALEMBIC, "upgrade", "head"], project),
        "alembic": lambda project: loop_of_processes(project, names, sample),
    }
    result = {}
    for index, (arm, run) in enumerate(arms.items()):
        database = f"turn_{number}_{index}"
        server.execute("postgres", f"CREATE DATABASE {database} TEMPLATE base", "CHECKPOINT")
        make = sluice_project if arm.startswith("sluice") else alembic_project
        project = make(root / database, server.url_of(database))
        behind = run(project)
        check(server, database, sample if arm == "alembic" else len(names))
        result[arm] = (behind, run(project))
        server.execute("postgres", f"DROP DATABASE {database}")
    return result


def report(turns, names, sample):
    result = {"tenants": len(names), "sample": sample}
    print(f"{len(names)} tenants, {len(turns)} turns; alembic: {sample} processes, scaled")
    print(f"{'':20} {'one behind':>12} {'ratio':>8} {'up to date':>12} {'ratio':>8}")
    for arm in turns[0]:
        result[arm] = {}
        line = f"{arm:20}"
        for index, case in enumerate(("behind", "up_to_date")):
            seconds = statistics.median(turn[arm][index] for turn in turns)
            ratio = statistics.median(turn[arm][index] / turn["sluice"][index] for turn in turns)
            result[arm][case] = {"seconds": seconds, "ratio": ratio}
            line += f" {seconds:10.2f} s {ratio:8.1f}"
        print(line)
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--size", choices=SIZES, default="quick")
    parser.add_argument("--json", type=pathlib.Path)
    options = parser.parse_args()
    size = SIZES[options.size]
    names = [f"tenant_{i:04d}" for i in range(size["tenants"])]
    with tempfile.TemporaryDirectory() as name:
        os.chmod(name, 0o755)
        root = pathlib.Path(name)
        server = Server(str(root / "server"))
        try:
            prepare(server, root, names)
            turns = [turn(server, root, i, names, size["sample"]) for i in range(size["turns"])]
        finally:
            server.dev("stop", "--remove")
    result = report(turns, names, size["sample"])
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
