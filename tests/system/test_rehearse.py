"""sluice rehearse: what each statement did on a private copy, and whether all ways end alike."""
import json
import os

import pytest

from conftest import clean_environment, run_sluice

FIRST = """-- Revision: aaaa11112222
-- Revises:
-- Title: first

-- sluice: expand
CREATE TABLE users (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, full_name text);
CREATE TABLE posts (id int PRIMARY KEY, user_id int);

-- sluice: downgrade
DROP TABLE posts;
DROP TABLE users;
"""

LIFE = """-- Revision: bbbb11112222
-- Revises: aaaa11112222
-- Title: display name

-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: sync users reverse
SELECT display_name AS full_name;

-- sluice: finish
CREATE INDEX CONCURRENTLY users_display_name ON users (display_name);

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;

-- sluice: downgrade
ALTER TABLE users DROP COLUMN display_name;
"""

BLOCKING = """-- Revision: cccc11112222
-- Revises: aaaa11112222
-- Title: key

-- sluice: expand
ALTER TABLE posts ADD CONSTRAINT posts_user FOREIGN KEY (user_id) REFERENCES users (id);
ALTER TABLE posts ADD COLUMN token uuid DEFAULT gen_random_uuid();

-- sluice: downgrade
ALTER TABLE posts DROP COLUMN token;
ALTER TABLE posts DROP CONSTRAINT posts_user;
"""

LOSSY = """-- Revision: dddd11112222
-- Revises: aaaa11112222
-- Title: a way back that forgets an index

-- sluice: expand
ALTER TABLE posts ADD COLUMN title text;
CREATE INDEX CONCURRENTLY posts_user ON posts (user_id);

-- sluice: downgrade
ALTER TABLE posts DROP COLUMN title;
"""

HALF_UNDONE = """-- Revision: eeee11112222
-- Revises: aaaa11112222
-- Title: an undo of the cutover that forgets a default

-- sluice: expand
ALTER TABLE posts ADD COLUMN title text;

-- sluice: cutover
ALTER TABLE posts ALTER COLUMN title SET DEFAULT 'none';

-- sluice: cutover undo
UPDATE posts SET title = NULL WHERE id = 0;

-- sluice: downgrade
ALTER TABLE posts DROP COLUMN title;
"""

BIG = """-- Revision: ffff11112222
-- Revises:
-- Title: tables of several sizes

-- sluice: expand
CREATE TABLE users (id int PRIMARY KEY, code varchar(2), rank smallint, price numeric(3, 1));
CREATE TABLE posts (user_id int REFERENCES users, title text);
CREATE TABLE logs (id int, day date) PARTITION BY RANGE (id);
CREATE TABLE logs_1 PARTITION OF logs FOR VALUES FROM (0) TO (100000);
CREATE TABLE unseen (id int);
"""

COUNTED = """-- Revision: ffff22221111
-- Revises: ffff11112222
-- Title: fails unless the tables have the rows that they should

-- sluice: expand
DO $$ BEGIN
    IF (SELECT count(*) FROM users) <> 20 OR (SELECT count(*) FROM posts) <> 4000
       OR (SELECT count(*) FROM logs) <> 30 OR (SELECT count(*) FROM unseen) <> 7
       OR (SELECT count(DISTINCT user_id) FROM posts) <> 20 THEN
        RAISE EXCEPTION 'other rows';
    END IF;
END $$;
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "migrations").mkdir()
    (tmp_path / "sluice.yaml").write_text("{}\n")
    return tmp_path


def write(folder, *texts):
    for number, text in enumerate(texts):
        name = text.split("\n", 1)[0].split()[-1]
        (folder / f"migrations/2026010{number + 1}_{name}_r.sql").write_text(text)


def rehearse(folder, *args):
    return run_sluice("rehearse", "--format", "json", *args, cwd=folder)


def leftovers():
    return [name for name in os.listdir("/tmp") if name.startswith("sluice-rehearse-")]


def test_whole_life(folder):
    """Each phase is seen, all ways end in the same schema, and nothing is left behind."""
    write(folder, FIRST, LIFE)
    before = set(leftovers())
    result = rehearse(folder, "--at", "aaaa11112222", "--rows", "500")
    assert result.returncode == 0, result
    report = result.json
    phases = {statement["phase"] for statement in report["statements"]}
    assert phases == {"expand", "downgrade", "backfill", "finish", "contract"}
    assert {check["name"]: check["ok"] for check in report["checks"]} == {
        "up, down": True, "up, down, up again": True,
        "cutover, undo": True, "cutover, undo, cutover again": True,
        "killed in the middle": True, "production order and fresh order": True,
        "run twice": True}
    added = next(s for s in report["statements"] if "ADD COLUMN" in s["statement"])
    assert added["locks"] == [{"relation": "users", "taken": "ACCESS EXCLUSIVE",
                               "foretold": "ACCESS EXCLUSIVE"}]
    assert added["rewritten"] == [] and added["stall"] is None and added["wal_bytes"] > 0
    assert [s["differences"] for s in report["statements"] if s["differences"]] == []
    killed = next(c["detail"] for c in report["checks"] if c["name"] == "killed in the middle")
    assert int(killed.split()[1]) > 4 * 3, "every phase but for an empty one is killed often"
    filled = next(s for s in report["statements"] if s["phase"] == "backfill")
    assert filled["scanned"] == ["users"] and filled["wal_bytes"] > 500 * 20
    assert set(leftovers()) <= before


def test_stalls(folder):
    """What reads or rewrites a table under a strong lock would have made the app wait."""
    write(folder, FIRST, BLOCKING)
    result = rehearse(folder, "--at", "aaaa11112222", "--rows", "50")
    assert result.returncode == 9, result
    key, token = result.json["statements"][:2]
    assert {lock["relation"]: lock["taken"] for lock in key["locks"]} == {
        "posts": "SHARE ROW EXCLUSIVE", "users": "SHARE ROW EXCLUSIVE"}
    assert "posts" in key["scanned"] and "apps wait for" in key["stall"]
    assert token["rewritten"] == ["posts"] and token["stall"]
    assert key["differences"] == token["differences"] == []


def test_way_back_that_forgets(folder):
    """A downgrade that leaves something is found, with the line that differs."""
    write(folder, FIRST, LOSSY)
    result = rehearse(folder, "--at", "aaaa11112222")
    assert result.returncode != 0, result
    assert "posts_user" in result.stdout + result.stderr


def test_undo_that_forgets(folder):
    """An undo of the cutover that leaves something is found; the second cutover ends as the first."""
    write(folder, FIRST, HALF_UNDONE)
    result = rehearse(folder, "--at", "aaaa11112222")
    assert result.returncode == 9, result
    checks = {check["name"]: check for check in result.json["checks"]}
    assert not checks["cutover, undo"]["ok"]
    assert "title" in checks["cutover, undo"]["detail"]
    assert [name for name, check in checks.items() if not check["ok"]] == ["cutover, undo"]
    assert "cutover undo" in {s["phase"] for s in result.json["statements"]}


def test_cutover_without_undo(folder):
    """That there is no way back from a cutover is said."""
    head, _, rest = HALF_UNDONE.partition("-- sluice: cutover undo")
    write(folder, FIRST, head + rest[rest.index("-- sluice: downgrade"):])
    result = rehearse(folder, "--at", "aaaa11112222")
    assert result.returncode == 0, result
    assert any("no section `cutover undo`" in note for note in result.json["notes"])


def test_dump_and_markdown(folder):
    """Production's schema as a dump of its own; the report as a table for a pull request."""
    write(folder, FIRST, LIFE)
    (folder / "production.sql").write_text(
        "\\restrict abc\nSET client_encoding = 'UTF8';\n"
        "CREATE TABLE public.users (id integer NOT NULL, full_name text);\n"
        "ALTER TABLE ONLY public.users ADD CONSTRAINT users_pkey PRIMARY KEY (id);\n"
        "CREATE TABLE public.posts (id integer NOT NULL, user_id integer);\n\\unrestrict abc\n")
    result = run_sluice("rehearse", "--schema", "production.sql", "--at", "aaaa11112222",
                        "--markdown", cwd=folder)
    assert result.returncode == 0, result
    assert "| bbbb11112222 | expand | `ALTER TABLE users ADD COLUMN display_name text` |" \
        in result.stdout
    assert "- up, down, up again: same schema" in result.stdout


def test_rows_like_production(project, database):
    """Statistics say how many rows a table gets; a foreign key to fewer rows finds one."""
    folder = project.folder
    write(folder, BIG)
    project.ok("upgrade")
    database.execute("INSERT INTO users SELECT g FROM generate_series(1, 200) g")
    database.execute("INSERT INTO posts SELECT 1 + g % 200 FROM generate_series(1, 40000) g")
    database.execute("INSERT INTO logs SELECT g FROM generate_series(1, 300) g")
    database.execute("ANALYZE users, posts, logs_1")
    write(folder, BIG, COUNTED)
    project.ok("rehearse", "--rows-like-production", "10", "--rows", "7")
    result = project.fails(5, "rehearse", "--rows-like-production", "20", "--rows", "7")
    assert "other rows" in result.stderr
    assert database.value("SELECT count(*) FROM users") == 200


def test_rows_like_production_needs_a_database(folder):
    write(folder, FIRST)
    result = run_sluice("rehearse", "--rows-like-production", "10", cwd=folder)
    assert result.returncode == 3 and "needs a database" in result.stderr, result
