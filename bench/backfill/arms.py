"""The ways of filling the column, each rebuilt as its tool does it."""
import contextlib
import dataclasses
import time

from shapes import REVISION

FILL = "display_name = full_name"
UNFILLED = "display_name IS NULL AND full_name IS NOT NULL"
ROW_LOOP_SHARE = 20  # the row-by-row loop does one row of so many, and its speed is extrapolated
PGROLL_BATCH, GITLAB_JOB, GITLAB_BATCH, ROW_BATCH = 1000, 1000, 100, 1000

# pgroll's templates (pkg/backfill/templates): one function for a column, called for every row that
# is written, and a flag that says what is left.
PGROLL_SETUP = """
DROP TRIGGER zzzz_sluice_insert ON users;
DROP TRIGGER zzzz_sluice_update ON users;
ALTER TABLE users ADD COLUMN IF NOT EXISTS "_pgroll_needs_backfill" boolean DEFAULT true;
CREATE FUNCTION _pgroll_trigger_users_display_name() RETURNS TRIGGER LANGUAGE PLPGSQL AS $$
DECLARE
    "id" users.id%TYPE := NEW.id;
    "full_name" users.full_name%TYPE := NEW.full_name;
    "email" users.email%TYPE := NEW.email;
    "created" users.created%TYPE := NEW.created;
    latest_schema text;
    search_path text;
BEGIN
    SELECT current_setting INTO search_path FROM current_setting('search_path');
    IF search_path != 'public_02_x' THEN
        NEW.display_name = (full_name);
        NEW."_pgroll_needs_backfill" = false;
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER _pgroll_trigger_users_display_name BEFORE UPDATE OR INSERT ON users
    FOR EACH ROW EXECUTE PROCEDURE _pgroll_trigger_users_display_name();
"""


@dataclasses.dataclass(frozen=True)
class Bench:
    server: object
    folder: object
    rows: int
    database: str = "copy"

    @contextlib.contextmanager
    def session(self):
        connection = self.server.connect(self.database)
        try:
            with connection.cursor() as cursor:
                cursor.execute(f"SET sluice.backfill = '{REVISION}'")
                yield cursor
        finally:
            connection.close()


def by_sql(work):
    """An arm that is SQL in one session, which the mapping's triggers leave alone."""
    def run(bench):
        with bench.session() as cursor:
            work(bench, cursor)
    return run


def one_update(_, cursor):
    cursor.execute(f"UPDATE users SET {FILL} WHERE {UNFILLED}")


def sluice(*options):
    def run(bench):
        bench.server.sluice("backfill", "run", *options, folder=bench.folder,
                            database=bench.database)
    return run


def pgroll_setup(bench):
    bench.server.execute(PGROLL_SETUP, bench.database)


def pgroll(_, cursor):
    last = None
    while True:
        behind = f"""AND ("id") > ('{last}')""" if last is not None else ""
        cursor.execute(f"""
            WITH batch AS (SELECT "id" FROM "users" WHERE "_pgroll_needs_backfill" = true {behind}
                           ORDER BY "id" LIMIT {PGROLL_BATCH} FOR NO KEY UPDATE),
            update AS (UPDATE "users" SET "id" = "users"."id" FROM batch
                       WHERE "users"."id" = batch."id" RETURNING "users"."id")
            SELECT LAST_VALUE("id") OVER() FROM update""")
        found = cursor.fetchone()
        if found is None:
            return
        last = found[0]


def fetch(cursor, sql, *values):
    cursor.execute(sql, values)
    row = cursor.fetchone()
    return row[0] if row else None


def gitlab_job(cursor, start, stop):
    """Sub-batches up to @stop (None: the end)."""
    while start is not None:
        bound, values = ("AND id < %s", (stop,)) if stop is not None else ("", ())
        end = fetch(cursor, f"SELECT id FROM users WHERE id >= %s {bound} ORDER BY id LIMIT 1 "
                            f"OFFSET {GITLAB_BATCH}", start, *values)
        last = end if end is not None else stop
        bound, values = ("AND id < %s", (last,)) if last is not None else ("", ())
        cursor.execute(f"UPDATE users SET {FILL} WHERE id >= %s {bound}", (start, *values))
        start = end


def gitlab(_, cursor):
    """Without its pauses, which allow 1,000 rows/s within a job and 8 a second over all."""
    start = fetch(cursor, "SELECT id FROM users ORDER BY id LIMIT 1")
    while start is not None:
        stop = fetch(cursor, "SELECT id FROM users WHERE id >= %s ORDER BY id LIMIT 1 "
                             f"OFFSET {GITLAB_JOB}", start)
        gitlab_job(cursor, start, stop)
        start = stop


def row_by_row(bench, cursor):
    """What most teams run: read 1,000 rows, write each of them, commit. A twentieth of the rows."""
    last, done = None, 0
    while done < bench.rows // ROW_LOOP_SHARE:
        cursor.execute(f"SELECT id, full_name FROM users {'WHERE id > %s' if last else ''} "
                       f"ORDER BY id LIMIT {ROW_BATCH}", (last,) if last else None)
        rows = cursor.fetchall()
        if not rows:
            return
        cursor.execute("BEGIN")
        for key, name in rows:
            cursor.execute("UPDATE users SET display_name = %s WHERE id = %s", (name, key))
        cursor.execute("COMMIT")
        last, done = rows[-1][0], done + len(rows)


@dataclasses.dataclass(frozen=True)
class Arm:
    run: object
    about: str
    setup: object = None
    share: int = 1  # it does one row of so many


ARMS = {
    "one update": Arm(by_sql(one_update), "the statement that nobody dares to run beside an app"),
    "sluice": Arm(sluice(), "one worker, all settings at their defaults"),
    "sluice x2": Arm(sluice("--workers", "2"), "two workers"),
    "unthrottled": Arm(sluice("--unthrottled"), "the same, whatever apps are at work"),
    "tight": Arm(sluice("-o", "backfill.parts=16"), "speed traded for growth: 16 parts"),
    "K=1": Arm(sluice("-o", "backfill.parts=1"), "plain page ranges"),
    "K=2": Arm(sluice("-o", "backfill.parts=2"), "page ranges, scattered in 2 parts"),
    "K=4": Arm(sluice("-o", "backfill.parts=4"), "in 4"),
    "K=8": Arm(sluice("-o", "backfill.parts=8"), "in 8"),
    "key walk": Arm(sluice("-o", "backfill.walk=key"), "ranges of the primary key"),
    "pgroll": Arm(by_sql(pgroll), "pgroll's loop, with its trigger", setup=pgroll_setup),
    "gitlab": Arm(by_sql(gitlab), "GitLab's loop without its pauses"),
    "row by row": Arm(by_sql(row_by_row), "a Python loop over rows", share=ROW_LOOP_SHARE),
}
BASE = "one update"


def measure(bench, name):
    """Fills a fresh copy of `source`; what it took, and what it left behind."""
    arm, server = ARMS[name], bench.server
    server.execute("CREATE DATABASE copy TEMPLATE source STRATEGY FILE_COPY")
    if arm.setup:
        arm.setup(bench)
    server.execute("CHECKPOINT")
    server.execute("SELECT count(*) FROM users", "copy")  # as warm as a table in use
    before, cpu = sizes(server), server.cpu_s()
    start = time.monotonic()
    arm.run(bench)
    seconds = (time.monotonic() - start) * arm.share
    after, cpu = sizes(server), (server.cpu_s() - cpu) * arm.share
    left = server.execute(f"SELECT count(*) FROM users WHERE {UNFILLED}", "copy")[0][0]
    hot = server.execute("SELECT sum(n_tup_hot_upd) / greatest(sum(n_tup_upd), 1) "
                         "FROM pg_stat_user_tables WHERE relname LIKE 'users%'", "copy")[0][0]
    server.execute("DROP DATABASE copy WITH (FORCE)")
    if left and arm.share == 1:
        raise SystemExit(f"{name}: {left} rows are not filled")
    return {"rows_per_s": bench.rows / seconds, "cpu_us_per_row": 1e6 * cpu / bench.rows,
            "wal_per_row": float(after["wal"] - before["wal"]) * arm.share / bench.rows,
            "heap_growth": after["heap"] / before["heap"],
            "index_growth": max(after["indexes"][name] / size
                                for name, size in before["indexes"].items()),
            "all_indexes_growth": sum(after["indexes"].values()) / sum(before["indexes"].values()),
            "hot_share": float(hot or 0)}


def sizes(server):
    heap, wal = server.execute(
        "SELECT sum(pg_relation_size(oid)), pg_current_wal_insert_lsn() - '0/0' FROM pg_class "
        "WHERE relkind = 'r' AND relname LIKE 'users%'", "copy")[0]
    indexes = server.execute(
        "SELECT i.indexrelid::regclass::text, pg_relation_size(i.indexrelid) FROM pg_index i "
        "JOIN pg_class c ON c.oid = i.indrelid WHERE c.relkind = 'r' AND c.relname LIKE 'users%'",
        "copy")
    return {"heap": float(heap), "wal": wal, "indexes": dict(indexes)}
