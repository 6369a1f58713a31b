"""Both app versions write two tables while the backfill is killed, and the cutover goes there and back.

Each client writes down, in the transaction of its write, what it wrote last: that is the oracle. A
transaction that is refused leaves no trace of it, on either side.
"""
import os
import random
import threading
import time

import psycopg2

from stress_fixtures import AGAIN, Killer
from table_fixtures import SPLIT, SPLIT_BODY

SECONDS = float(os.environ.get("SLUICE_STRESS_SECONDS", 6))
ROWS = 3000
OLD_SIDE = ("INSERT INTO users (id, street) VALUES (%(id)s, %(street)s) "
            "ON CONFLICT (id) DO UPDATE SET street = excluded.street",)
# DO NOTHING would not lock the row, which another may then delete before the address refers to it.
NEW_SIDE = ("INSERT INTO users (id) VALUES (%(id)s) ON CONFLICT (id) DO UPDATE SET name = excluded.name",
            "INSERT INTO addresses (user_id, street) VALUES (%(id)s, %(street)s) "
            "ON CONFLICT (user_id) DO UPDATE SET street = excluded.street")
REFUSED = ("55000",)


class Client(threading.Thread):
    """A session of an app that knows the old side, the new side, or writes both."""

    def __init__(self, database, knows, seed, stop):
        super().__init__()
        self.database, self.knows, self.stop = database, knows, stop
        self.random = random.Random(f"{knows} {seed}")
        self.writes, self.refused, self.errors = 0, 0, []

    def write(self, cursor):
        key = self.random.randrange(1, ROWS + 200)
        street = f"{self.knows} {self.random.random()}"
        kind = self.random.random()
        if kind < 0.1:
            cursor.execute("DELETE FROM users WHERE id = %s", (key,))
            cursor.execute("DELETE FROM oracle WHERE id = %s", (key,))
            cursor.execute("INSERT INTO gone VALUES (%s) ON CONFLICT DO NOTHING", (key,))
            return
        if kind < 0.2:
            cursor.execute("UPDATE users SET name = 'n' WHERE id = %s", (key,))
            return
        for statement in {"old": OLD_SIDE, "new": NEW_SIDE, "both": OLD_SIDE + NEW_SIDE}[self.knows]:
            cursor.execute(statement, {"id": key, "street": street})
        cursor.execute("INSERT INTO oracle VALUES (%s, %s) "
                       "ON CONFLICT (id) DO UPDATE SET street = excluded.street", (key, street))

    def run(self):
        session = self.database.connect(autocommit=False)
        while not self.stop.is_set():
            try:
                with session.cursor() as cursor:
                    self.write(cursor)
                session.commit()
                self.writes += 1
            except psycopg2.Error as error:
                session.rollback()
                if error.pgcode in REFUSED:
                    self.refused += 1
                elif error.pgcode not in AGAIN:
                    self.errors.append(f"{error.pgcode} {error}")
        session.close()


def broken(database):
    queries = {
        "not in parity": "SELECT count(*) FROM users u FULL JOIN addresses a ON a.user_id = u.id "
                         "WHERE (u.street, u.city) IS DISTINCT FROM (a.street, a.city) "
                         "AND NOT (a.user_id IS NULL AND u.street IS NULL AND u.city IS NULL)",
        "lost": "SELECT count(*) FROM oracle o LEFT JOIN users u USING (id) "
                "WHERE u.street IS DISTINCT FROM o.street",
        "seeded and lost": "SELECT count(*) FROM generate_series(1, %(rows)s) i WHERE NOT EXISTS "
                           "(SELECT FROM users WHERE id = i) AND NOT EXISTS "
                           "(SELECT FROM gone WHERE id = i)"}
    counts = {what: database.value(sql.replace("%(rows)s", str(ROWS))) for what, sql in queries.items()}
    return {what: count for what, count in counts.items() if count}


def test_nothing_is_lost_while_all_write_and_the_sides_turn(project, database):
    database.execute("CREATE TABLE users (id bigint PRIMARY KEY, name text, street text, city text)")
    database.execute("CREATE TABLE oracle (id bigint PRIMARY KEY, street text)")
    database.execute("CREATE TABLE gone (id bigint PRIMARY KEY)")
    database.execute("INSERT INTO users SELECT i, 'n', 's' || i, 'c' FROM generate_series(1, %s) i", ROWS)
    project.settings("backfill: {range_pages: 2, parts: 1, target_time: 5ms, duty_cycle: 100%}\n"
                     "gate: {quiet: 0s}\n")
    project.revision(SPLIT, SPLIT_BODY)
    stop, filled = threading.Event(), threading.Event()
    clients = [Client(database, knows, seed, stop) for knows in ("old", "both") for seed in (1, 2)]
    killers = [Killer(project, filled, SPLIT) for _ in range(2)]
    for client in clients:
        client.start()
    # Before the expand there is no other table: whoever writes both fails.
    project.ok("upgrade")
    for client in clients:
        client.errors.clear()
    for killer in killers:
        killer.start()
    time.sleep(SECONDS / 3)
    filled.set()
    for killer in killers:
        killer.join()
    project.ok("backfill", "run")
    clients += [Client(database, "new", seed, stop) for seed in (1, 2)]
    for client in clients[-2:]:
        client.start()
    for turn in ((), ("--undo",), ()):
        project.ok("cutover", *turn, SPLIT)
        time.sleep(SECONDS / 6)
    stop.set()
    for client in clients:
        client.join()
    assert [error for client in clients for error in client.errors] == []
    assert broken(database) == {}
    assert all(client.writes for client in clients)
    for knows in ("old", "new"):
        assert sum(client.refused for client in clients if client.knows == knows) > 0
    assert sum(client.refused for client in clients if client.knows == "both") == 0
    project.ok("backfill", "verify", SPLIT)
