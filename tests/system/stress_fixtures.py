"""Apps of several versions that write one table while its backfill is shot at, and an oracle.

The mappings are lossy both ways (gross prices with three decimals on the old side, net cents on
the new one; grams and tenths of a kilogram), so whatever recomputes a column from the other side
loses something. Each client writes down, in the transaction of its write, what it wrote last: that
is the oracle. A row remembers what it was made of (`origin`), through changes of its key.
"""
import contextlib
import random
import subprocess
import threading
import time

import psycopg2

MONEY, WEIGHT = "c0ffee000001", "c0ffee000002"
# revision: old column, what fills it at first, forward; new column, reverse
MAPPINGS = {
    MONEY: ("price", "{} / 1000.0", "round(price / 1.07, 2)",
            "price_net", "round(price_net * 1.07, 1)"),
    WEIGHT: ("grams", "{} * 7.0", "round(grams / 1000, 1)", "kilos", "round(kilos * 1000, -2)"),
}
# Which mappings a version knows the new side of.
VERSIONS = {"1.0": (), "1.1": (MONEY,), "2.0": (MONEY, WEIGHT)}
SYNCED = """-- sluice: expand
ALTER TABLE goods ADD COLUMN {new} numeric;

-- sluice: sync goods
SELECT {forward} AS {new};
-- sluice: sync goods reverse
SELECT {reverse} AS {old};
"""
UNSYNCED = """-- sluice: expand
ALTER TABLE goods ADD COLUMN {new} numeric;

-- sluice: backfill
UPDATE goods SET {new} = {forward} WHERE {new} IS NULL AND {forward} IS NOT NULL;
"""
APP = f"""app:
  name: shop
  versions:
    "1.0": {{}}
    "1.1": {{built_on: {MONEY}}}
    "2.0": {{built_on: {WEIGHT}}}
"""
WALKS = {"scattered": "parts: 8", "plain": "parts: 1", "key": "walk: key"}
# What PostgreSQL tells an app that meets another session: roll back, try again.
AGAIN = ("23505", "40001", "40P01")


def walk_settings(walk):
    """The part of sluice.yaml: small ranges, so that a small table has many parts."""
    return f"backfill:\n  range_pages: 16\n  target_time: 20ms\n  duty_cycle: 100%\n  {WALKS[walk]}\n"


class Stress:
    """The table, its oracle, and who writes it; `mappings`: the revisions in flight."""

    def __init__(self, project, database, rows, mappings, synced=True, partitioned=False):
        self.project, self.database, self.rows = project, database, rows
        self.mappings, self.synced, self.partitioned = mappings, synced, partitioned

    def make(self, settings):
        self._make_tables()
        self.project.settings(settings + APP)
        revises = None
        for revision in self.mappings:
            old, _, forward, new, reverse = MAPPINGS[revision]
            body = (SYNCED if self.synced else UNSYNCED).format(
                old=old, new=new, forward=forward, reverse=reverse)
            self.project.revision(revision, body, revises=revises)
            revises = revision
        self.project.ok("upgrade")
        self._watch_fills()

    def _make_tables(self):
        execute = self.database.execute
        # What comes of a price is not NULL: finish proves it, and lets one pass be enough.
        execute("CREATE TABLE goods (id int PRIMARY KEY, origin int, "
                "price numeric NOT NULL DEFAULT 0, grams numeric, note int NOT NULL DEFAULT 0, "
                "filler text DEFAULT repeat('x', 60))"
                + (" PARTITION BY HASH (id)" if self.partitioned else ""))
        for i in range(3 if self.partitioned else 0):
            execute(f"CREATE TABLE goods_{i} PARTITION OF goods "
                    f"FOR VALUES WITH (MODULUS 3, REMAINDER {i})")
        execute("CREATE TABLE oracle (id int, revision text, side text, value numeric, "
                "PRIMARY KEY (id, revision, side))")
        execute("CREATE TABLE gone (origin int)")
        execute("INSERT INTO goods (id, origin, price, grams) SELECT i, i, i / 1000.0, i * 7.0 "
                "FROM generate_series(1, %s) i", self.rows)
        execute("CREATE TABLE wrong (id int, what text)")
        execute("CREATE TABLE pace (pause float8)")
        execute("INSERT INTO pace VALUES (0.002)")

    def _watch_fills(self):
        """A trigger that looks at each row which a backfill updates, and makes it slow."""
        mapped = [MAPPINGS[revision] for revision in self.mappings]
        again = "".join(
            f"IF OLD.{new} IS NOT NULL AND NEW.{new} IS DISTINCT FROM OLD.{new} THEN "
            f"INSERT INTO wrong VALUES (NEW.id, '{new} overwritten'); END IF; "
            f"IF OLD.{new} IS NULL AND NEW.{new} IS NOT NULL AND NEW.{new} <> "
            f"{forward.replace(old, f'NEW.{old}')} THEN "
            f"INSERT INTO wrong VALUES (NEW.id, '{new} miscalculated'); END IF; "
            for old, _, forward, new, _ in mapped)
        news = ", ".join(f"'{new}'" for _, _, _, new, _ in mapped)
        self.database.execute(
            "CREATE FUNCTION watch() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
            "IF current_setting('application_name') <> 'sluice/backfill' THEN RETURN NULL; END IF; "
            f"{again} IF to_jsonb(NEW) = to_jsonb(OLD) THEN "
            "INSERT INTO wrong VALUES (NEW.id, 'updated again'); END IF; "
            f"IF to_jsonb(NEW) - ARRAY[{news}] <> to_jsonb(OLD) - ARRAY[{news}] THEN "
            "INSERT INTO wrong VALUES (NEW.id, 'another column changed'); END IF; "
            "IF NEW.id % 40 = 0 THEN PERFORM pg_sleep(pause) FROM pace; END IF; RETURN NULL; END $$")
        self.database.execute("CREATE TRIGGER watch AFTER UPDATE ON goods FOR EACH ROW "
                              "EXECUTE FUNCTION watch()")

    def unfilled(self):
        """How many rows each mapping has still to fill."""
        return {new: self.database.value(
            f"SELECT count(*) FROM goods WHERE {new} IS NULL AND {old} IS NOT NULL")
            for old, _, _, new, _ in (MAPPINGS[revision] for revision in self.mappings)}

    def verdict(self):
        """promise -> how many rows break it: "lost ..", "wrong ..", "unfilled .."."""
        counts = {"lost rows": self.database.value(
            "SELECT count(*) FROM generate_series(1, %s) i WHERE NOT EXISTS "
            "(SELECT FROM goods WHERE origin = i) AND NOT EXISTS "
            "(SELECT FROM gone WHERE origin = i)", self.rows)}
        counts |= {f"unfilled {new}": count for new, count in self.unfilled().items()}
        counts |= {f"wrong: {what}": count for what, count in self.database.query(
            "SELECT what, count(*) FROM wrong GROUP BY what")}
        for revision in self.mappings:
            counts |= self._verdict_on(revision)
        return counts

    def _verdict_on(self, revision):
        old, seed, forward, new, reverse = MAPPINGS[revision]
        first = seed.format("origin")
        parity = f"({new} IS NOT DISTINCT FROM {forward} OR {old} IS NOT DISTINCT FROM {reverse})"
        filled = forward.replace(old, f"({first})")
        silent = f"SELECT count(*) FROM goods g WHERE origin IS NOT NULL AND NOT EXISTS (SELECT " \
                 f"FROM oracle o WHERE o.id = g.id AND o.revision = '{revision}'"
        counts = {
            f"lost {side} {column}": self.database.value(
                f"SELECT count(*) FROM oracle o LEFT JOIN goods g USING (id) WHERE revision = %s "
                f"AND side = %s AND g.{column} IS DISTINCT FROM value", revision, side)
            for side, column in (("old", old), ("new", new))}
        counts[f"wrong: untouched {old} changed"] = self.database.value(
            f"{silent}) AND ({old} IS DISTINCT FROM {first} OR {new} IS DISTINCT FROM {filled})")
        if self.synced:
            counts[f"wrong: {new} not in parity"] = self.database.value(
                f"SELECT count(*) FROM goods WHERE NOT {parity}")
        return counts


class Client(threading.Thread):
    """One session of one version of the app."""

    def __init__(self, stress, version, seed, stop):
        super().__init__()
        self.stress, self.version, self.stop = stress, version, stop
        self.random = random.Random(f"{version} {seed}")
        self.writes, self.errors, self.session = 0, [], None

    def column(self, revision):
        """(side, column) that this version knows of a mapping."""
        is_new = revision in VERSIONS[self.version]
        return ("new", MAPPINGS[revision][3]) if is_new else ("old", MAPPINGS[revision][0])

    def pick(self):
        rows = self.stress.rows
        if self.random.random() < 0.3:
            return self.random.randrange(1, 100) * (rows // 100)
        return self.random.randrange(1, rows + rows // 5)

    def written(self):
        """revision -> (side, column, value), for one or all of the mappings."""
        mappings = self.stress.mappings
        chosen = mappings if self.random.random() < 0.3 else [self.random.choice(mappings)]
        return {it: (*self.column(it), self.random.randrange(1, 100000) / 100) for it in chosen}

    def remember(self, cursor, key, written):
        """With triggers a write stands for both sides; without, each side for itself."""
        for revision, (side, _, value) in written.items():
            cursor.execute("DELETE FROM oracle WHERE id = %s AND revision = %s AND (side = %s OR %s)",
                           (key, revision, side, self.stress.synced))
            cursor.execute("INSERT INTO oracle VALUES (%s, %s, %s, %s)",
                           (key, revision, side, value))

    def update(self, cursor, key):
        written = self.written()
        columns = ", ".join(f"{column} = {value}" for _, column, value in written.values())
        cursor.execute(f"UPDATE goods SET {columns} WHERE id = %s", (key,))
        if cursor.rowcount:
            self.remember(cursor, key, written)

    def update_other(self, cursor, key):
        cursor.execute("UPDATE goods SET note = note + 1 WHERE id = %s", (key,))

    def insert(self, cursor, key):
        written = self.written()
        columns = [column for _, column, _ in written.values()]
        # Without triggers whoever inserts must fill the new side: a backfill that is done stays so.
        given = {} if self.stress.synced else {MAPPINGS[it][3]: 0 for it in self.stress.mappings}
        given |= {column: value for _, column, value in written.values()}
        values = ", ".join(map(str, given.values()))
        cursor.execute(f"INSERT INTO goods (id, {', '.join(given)}) VALUES (%s, {values}) "
                       "ON CONFLICT (id) DO UPDATE SET "
                       + ", ".join(f"{it} = excluded.{it}" for it in columns), (key,))
        self.remember(cursor, key, written)

    def delete(self, cursor, key):
        cursor.execute("DELETE FROM goods WHERE id = %s RETURNING origin", (key,))
        for row in cursor.fetchall():
            cursor.execute("DELETE FROM oracle WHERE id = %s", (key,))
            cursor.execute("INSERT INTO gone VALUES (%s)", row)

    def change_key(self, cursor, key):
        other = self.pick()
        cursor.execute("UPDATE goods SET id = %s WHERE id = %s", (other, key))
        if cursor.rowcount:
            cursor.execute("UPDATE oracle SET id = %s WHERE id = %s", (other, key))

    def transaction(self):
        kind = self.random.choices([self.update, self.update_other, self.insert, self.delete,
                                    self.change_key], [45, 25, 15, 7, 8])[0]
        with self.session.cursor() as cursor:
            kind(cursor, self.pick())
        self.session.commit()
        self.writes += 1

    def connect(self):
        with contextlib.suppress(psycopg2.OperationalError):
            self.session = self.stress.database.connect(
                autocommit=False, application_name=f"shop/{self.version}")
            return
        self.stop.wait(0.1)

    def run(self):
        while not self.stop.is_set():
            if self.session is None or self.session.closed:
                self.connect()
                continue
            try:
                self.transaction()
            except psycopg2.Error as error:
                self.forgive(error)
        if self.session:
            self.session.close()

    def forgive(self, error):
        """Rolls back, as an app does; a lost session is made anew."""
        with contextlib.suppress(psycopg2.Error):
            self.session.rollback()
        if error.pgcode is None or error.pgcode.startswith("57P"):
            self.session.close()
        elif error.pgcode not in AGAIN:
            self.errors.append(f"{error.pgcode} {error}")


class Killer(threading.Thread):
    """Keeps a worker process going and kills it, until one came to its end."""

    def __init__(self, project, stop, *words, life=(0.1, 0.2)):
        super().__init__()
        self.project, self.stop, self.words, self.life = project, stop, words, life
        self.kills, self.done, self.errors = 0, False, []

    def run(self):
        while not self.stop.is_set() and not self.done:
            process = self.project.start("backfill", "run", *self.words)
            # On a slow machine such a life may be too short for a single part.
            life = random.uniform(*self.life) * (1 + self.kills / 20)
            try:
                _, stderr = process.communicate(timeout=life)
                self.done = process.returncode == 0
                if not self.done:
                    self.errors.append(f"status {process.returncode}: {stderr}")
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
                self.kills += 1


class Pacemaker(threading.Thread):
    """Keeps the backfill from its end until nearly all of the time is over: slower or faster."""

    def __init__(self, stress, seconds, stop):
        super().__init__()
        self.stress, self.seconds, self.stop = stress, seconds, stop

    def adjust(self, elapsed):
        left = max(self.stress.unfilled().values()) / self.stress.rows
        is_early = left < 1 - elapsed / (0.9 * self.seconds)
        self.stress.database.execute(
            "UPDATE pace SET pause = least(0.03, greatest(0.0005, pause * %s))",
            1.5 if is_early else 1 / 1.5)

    def run(self):
        start = time.monotonic()
        while not self.stop.wait(self.seconds / 40):
            with contextlib.suppress(psycopg2.Error):
                self.adjust(time.monotonic() - start)


class Mover(threading.Thread):
    """Puts rows elsewhere while the walks are under way, where they may have been already."""

    def __init__(self, stress, seconds, stop):
        super().__init__()
        self.stress, self.seconds, self.stop = stress, seconds, stop
        self.moves = 0

    def run(self):
        while not self.stop.wait(self.seconds / 7):
            # Between a restart and the next start there is no server.
            with contextlib.suppress(psycopg2.Error):
                self.stress.database.execute("VACUUM FULL goods")
                self.moves += 1


def play(stress, seconds, restart, workers=4):
    """Six clients and four workers that are killed at random; `restart` is called in the middle.
    Returns (clients, killers, mover, the rows that were to do then) when all of them have ended."""
    stop = threading.Event()
    clients = [Client(stress, version, seed, stop)
               for version in ("1.0", "1.1", "2.0") for seed in (1, 2)]
    killers = [Killer(stress.project, stop, stress.mappings[i % len(stress.mappings)])
               for i in range(workers)]
    mover = Mover(stress, seconds, stop)
    threads = (*clients, *killers, Pacemaker(stress, seconds, stop), mover)
    for thread in threads:
        thread.start()
    time.sleep(seconds / 2)
    left = sum(stress.unfilled().values())
    restart()
    time.sleep(seconds / 2)
    stop.set()
    for thread in threads:
        thread.join()
    stress.database.execute("UPDATE pace SET pause = 0")
    return clients, killers, mover, left
