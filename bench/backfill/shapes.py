"""The tables that are filled: `users`, with a new column `display_name` that follows `full_name`."""
import dataclasses
import pathlib

REVISION = "bbbbbbbbbbb1"
REVISION_FILE = f"""-- Revision: {REVISION}
-- Title: display name

-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;
"""
KEYS = {"bigint": "i", "uuid": "md5(i::text)::uuid", "text": "'key-' || md5(i::text)"}
NARROW = "repeat('x', 150)"
# 900 bytes that stay on the page, and 3,000 that pglz cannot press into it: they are TOASTed.
WIDE = "(SELECT string_agg(md5((i * 100 + k)::text), '') FROM generate_series(1, 28) k)"
TOASTED = "(SELECT string_agg(md5((i * 1000 + k)::text), '') FROM generate_series(1, 94) k)"


@dataclasses.dataclass(frozen=True)
class Shape:
    about: str
    key: str = "bigint"
    indexes: tuple = ("created", "email")
    wide: bool = False
    analyzed: bool = True
    bloated: bool = False
    partitions: int = 0
    shared_buffers: str = "512MB"


SHAPES = {
    "key": Shape("260 bytes, bigint primary key", indexes=()),
    "indexes": Shape("and two secondary indexes"),
    "indexes4": Shape("and four", indexes=("created", "email", "full_name", "city")),
    "uuid": Shape("a random uuid as the key, two secondary indexes", key="uuid"),
    "text": Shape("a random text as the key, two secondary indexes", key="text"),
    "wide": Shape("1,200 bytes and 3,000 TOASTed, two secondary indexes", wide=True),
    "unanalyzed": Shape("as `indexes`, never analyzed", analyzed=False),
    "bloated": Shape("as `indexes`, half of all rows deleted and vacuumed", bloated=True),
    "partitioned": Shape("as `indexes`, in 4 partitions", partitions=4),
    "large": Shape("as `indexes`, larger than shared_buffers", shared_buffers="16MB"),
}


def write_project(folder):
    (folder / "migrations").mkdir(parents=True)
    (folder / "sluice.yaml").write_text("backfill:\n  workers: 1\n")
    (folder / "migrations/20261121_rename.sql").write_text(REVISION_FILE)


def make(server, shape, rows, folder):
    """Database `source` with the table, the new column and the triggers: each arm gets a copy."""
    filled = rows * 2 if shape.bloated else rows
    server.execute("DROP DATABASE IF EXISTS source WITH (FORCE)")
    server.execute("CREATE DATABASE source")
    server.execute(f"CREATE TABLE users (id {shape.key} PRIMARY KEY, full_name text NOT NULL, "
                   "email text, created timestamptz, city text, filler text, document text)"
                   + (" PARTITION BY HASH (id)" if shape.partitions else ""), "source")
    for part in range(shape.partitions):
        server.execute(f"CREATE TABLE users_{part} PARTITION OF users "
                       f"FOR VALUES WITH (modulus {shape.partitions}, remainder {part})", "source")
    server.execute(f"INSERT INTO users SELECT {KEYS[shape.key]}, 'name of ' || i, "
                   "'user' || i || '@example.org', now() - i * interval '1 s', 'city ' || i % 1000, "
                   f"{WIDE if shape.wide else NARROW}, {TOASTED if shape.wide else 'NULL'} "
                   f"FROM generate_series(1, {filled}) i", "source")
    for column in shape.indexes:
        server.execute(f"CREATE INDEX ON users ({column})", "source")
    if shape.bloated:
        server.execute("DELETE FROM users WHERE id % 2 = 0", "source")
    if shape.analyzed or shape.bloated:
        server.execute(f"VACUUM {'(ANALYZE)' if shape.analyzed else ''} users", "source")
    server.sluice("upgrade", folder=folder, database="source")


def names():
    width = max(map(len, SHAPES))
    return "\n".join(f"    {name:{width}}  {shape.about}" for name, shape in SHAPES.items())


def folder_in(above):
    folder = pathlib.Path(above, "project")
    write_project(folder)
    return folder
