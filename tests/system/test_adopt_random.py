"""Random graphs, random commands: one database is driven by the real Alembic alone, another one by
sluice and Alembic in turn. After each command both have the same tables and the same rows."""
import random
import subprocess
import sys

import pytest

from alembic_fixtures import Alembic, rows, tables

# Alembic in one process, a command a line. It fails on some 3 % of random commands; what it
# refuses or dies of is told, and rolled back.
DRIVER = """
import os, sys
from alembic import command, config
configuration = config.Config(sys.argv[1])
for line in sys.stdin:
    os.environ["DATABASE_URL"], word, target = line.split()
    try:
        getattr(command, word)(configuration, target)
        print("ok", flush=True)
    except Exception as error:
        print(repr(error).replace(chr(10), " "), flush=True)
"""
NODES, STEPS = 12, 14


class Driver:
    def __init__(self, alembic):
        self.process = subprocess.Popen(
            ["/usr/bin/python3", "-W", "ignore", "-c", DRIVER, str(alembic.ini)],
            env=alembic.project.env, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=sys.stderr, text=True)

    def run(self, database, word, target):
        """True if it was done."""
        self.process.stdin.write(f"{database.url} {word} {target}\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().strip()
        assert answer, "alembic has died"
        return answer == "ok"

    def close(self):
        self.process.stdin.close()
        self.process.wait(timeout=20)


def make_graph(alembic, dice):
    """Branches, merges, requirements; a requirement is no ancestor, for Alembic dies of that."""
    names = [f"{chr(97 + n) * 4}{n:02d}" for n in range(NODES)]
    above = {}
    for n, name in enumerate(names):
        parents = dice.sample(names[:n], min(n, dice.choice((0, 1, 1, 1, 2))))
        parents = [one for one in parents if not any(one in above[two] for two in parents)]
        above[name] = set(parents).union(*(above[one] for one in parents))
        others = [one for one in names[:n] if one not in above[name]]
        requires = dice.sample(others, 1) if others and dice.random() < 0.25 else []
        above[name] = above[name].union(requires, *(above[one] for one in requires))
        alembic.add(name, parents, requires)
    return names


@pytest.mark.parametrize("seed", range(6))
def test_same_rows(project, database, server, seed):
    dice = random.Random(seed)
    alembic = Alembic(project)
    names = make_graph(alembic, dice)
    alone = server.create_database()
    driver = Driver(alembic)
    try:
        for one in (alone, database):
            assert driver.run(one, "upgrade", names[0])
        project.ok("adopt")
        done = 0
        for _ in range(STEPS):
            word = dice.choice(("upgrade", "upgrade", "downgrade"))
            target = dice.choice(names)
            if not driver.run(alone, word, target):
                continue
            if dice.random() < 0.4:
                assert driver.run(database, word, target)
            else:
                project.ok(word, target)
                done += 1
            assert rows(database) == rows(alone), (word, target)
            assert tables(database) == tables(alone), (word, target)
        assert done > 0
        project.ok("upgrade", "heads")
        assert driver.run(alone, "upgrade", "heads")
        assert rows(database) == rows(alone)
    finally:
        driver.close()
        server.drop_database(alone)
