"""Old and new versions of an app write the same rows while backfill workers are killed: no write is
lost.

The mapping is lossy both ways (gross prices with three decimals on the old side, net cents on the
new one, and back in steps of ten cents), so whatever recomputes a column from the other side loses
something. Each client writes down, in the transaction
of its write, what it wrote last: that is the oracle. SLUICE_STRESS_SECONDS makes it run longer.
"""
import decimal
import os
import random
import subprocess
import threading
import time

import psycopg2

REVISION = "c0ffee000001"
ROWS = 30000
HOT = 400
SECONDS = float(os.environ.get("SLUICE_STRESS_SECONDS", "15"))
BODY = """-- sluice: expand
ALTER TABLE prices ADD COLUMN price_net numeric;

-- sluice: sync prices
SELECT round(price / 1.07, 2) AS price_net;
-- sluice: sync prices reverse
SELECT round(price_net * 1.07, 1) AS price;

-- sluice: downgrade
ALTER TABLE prices DROP COLUMN price_net;
"""
SETTINGS = f"""app:
  name: shop
  versions:
    "1.0": {{}}
    "2.0": {{built_on: {REVISION}}}
backfill:
  range_pages: 16
  parts: 8
"""
REMEMBER = ("INSERT INTO oracle VALUES (%(id)s, %(side)s, %(value)s) ON CONFLICT (id) "
            "DO UPDATE SET side = excluded.side, value = excluded.value")


class Client(threading.Thread):
    """One session of one version of the app; `column` is its side of the mapping."""

    def __init__(self, database, version, seed, stop):
        super().__init__()
        self.random = random.Random(seed)
        self.side = "old" if version == "1.0" else "new"
        self.column = "price" if self.side == "old" else "price_net"
        self.session = database.connect(autocommit=False, application_name=f"shop/{version}")
        self.stop, self.writes, self.errors = stop, 0, []

    def value(self):
        if self.side == "old":
            return decimal.Decimal(self.random.randrange(1, 1000000)) / 1000
        return decimal.Decimal(self.random.randrange(1, 100000)) / 100

    def pick(self):
        if self.random.random() < 0.3:
            return self.random.randrange(1, HOT) * (ROWS // HOT)
        return self.random.randrange(1, ROWS + ROWS // 5)

    def transaction(self, cursor):
        values = {"id": self.pick(), "side": self.side, "value": self.value()}
        dice = self.random.random()
        if dice < 0.45:
            cursor.execute(f"UPDATE prices SET {self.column} = %(value)s WHERE id = %(id)s", values)
            if cursor.rowcount:
                cursor.execute(REMEMBER, values)
        elif dice < 0.7:
            cursor.execute("UPDATE prices SET note = note + 1 WHERE id = %(id)s", values)
        elif dice < 0.9:
            cursor.execute(f"INSERT INTO prices (id, {self.column}) VALUES (%(id)s, %(value)s) "
                           f"ON CONFLICT (id) DO UPDATE SET {self.column} = excluded.{self.column}",
                           values)
            cursor.execute(REMEMBER, values)
        else:
            cursor.execute("DELETE FROM prices WHERE id = %(id)s", values)
            if cursor.rowcount:
                cursor.execute("DELETE FROM oracle WHERE id = %(id)s", values)
                cursor.execute("INSERT INTO gone VALUES (%(id)s) ON CONFLICT DO NOTHING", values)
        self.session.commit()
        self.writes += 1

    def run(self):
        with self.session.cursor() as cursor:
            while not self.stop.is_set():
                try:
                    self.transaction(cursor)
                except psycopg2.Error as error:
                    self.session.rollback()
                    self.errors.append(str(error))
        self.session.close()


class Killer(threading.Thread):
    """Starts backfill workers and kills them, until one came to its end."""

    def __init__(self, project, stop):
        super().__init__()
        self.project, self.stop, self.kills, self.done = project, stop, 0, False

    def run(self):
        while not self.stop.is_set() and not self.done:
            process = self.project.start("backfill", "run", "--workers", "3")
            try:
                process.communicate(timeout=random.uniform(0.15, 0.4))
                self.done = process.returncode == 0
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.kills += 1


def make_prices(database):
    database.execute("CREATE TABLE prices (id int PRIMARY KEY, price numeric, "
                     "note int NOT NULL DEFAULT 0, filler text DEFAULT repeat('x', 60))")
    database.execute("CREATE TABLE oracle (id int PRIMARY KEY, side text, value numeric)")
    database.execute("CREATE TABLE gone (id int PRIMARY KEY)")
    database.execute("INSERT INTO prices (id, price) SELECT i, i / 1000.0 "
                     "FROM generate_series(1, %s) i", ROWS)
    database.execute("CREATE FUNCTION dawdle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
                     "IF current_setting('sluice.backfill', true) <> '' AND NEW.id % 40 = 0 THEN "
                     "PERFORM pg_sleep(0.001); END IF; RETURN NULL; END $$")
    database.execute("CREATE TRIGGER dawdle AFTER UPDATE ON prices FOR EACH ROW "
                     "EXECUTE FUNCTION dawdle()")


def counts(database):
    """How many rows break which promise."""
    joined = "FROM oracle o LEFT JOIN prices p USING (id) WHERE "
    return {
        "lost old": database.value(
            f"SELECT count(*) {joined} side = 'old' AND p.price IS DISTINCT FROM value"),
        "lost new": database.value(
            f"SELECT count(*) {joined} side = 'new' AND p.price_net IS DISTINCT FROM value"),
        "not in parity": database.value(
            "SELECT count(*) FROM prices WHERE price_net IS DISTINCT FROM round(price / 1.07, 2) "
            "AND price IS DISTINCT FROM round(price_net * 1.07, 1)"),
        "unfilled": database.value("SELECT count(*) FROM prices WHERE price_net IS NULL"),
        "untouched changed": database.value(
            "SELECT count(*) FROM generate_series(1, %s) i LEFT JOIN prices p ON p.id = i "
            "LEFT JOIN oracle o ON o.id = i LEFT JOIN gone g ON g.id = i "
            "WHERE o.id IS NULL AND g.id IS NULL AND p.price IS DISTINCT FROM i / 1000.0", ROWS),
    }


def test_no_write_is_lost(project, database):
    make_prices(database)
    project.settings(SETTINGS)
    project.revision(REVISION, BODY)
    project.ok("upgrade")
    stop = threading.Event()
    clients = [Client(database, version, seed, stop)
               for version in ("1.0", "2.0") for seed in (1, 2, 3)]
    killer = Killer(project, stop)
    for thread in (*clients, killer):
        thread.start()
    time.sleep(SECONDS)
    stop.set()
    for thread in (*clients, killer):
        thread.join()
    project.ok("backfill", "run")
    assert [error for client in clients for error in client.errors] == []
    assert counts(database) == {"lost old": 0, "lost new": 0, "not in parity": 0, "unfilled": 0,
                                "untouched changed": 0}
    project.ok("backfill", "verify")
    writes, checked = sum(client.writes for client in clients), database.value(
        "SELECT count(*) FROM oracle")
    print(f"{writes} transactions, {checked} rows checked, {killer.kills} kills")
    assert killer.kills >= 3 and checked > 1000 and writes > 2000
