"""sluice rehearse: what each statement did on a private copy, and whether all ways end alike."""
import json
import os
import pathlib
import subprocess
import tempfile

import pytest

from conftest import Project, clean_environment, free_port, run_sluice, wait_until

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


CARELESS = """-- Revision: abab11112222
-- Revises: aaaa11112222
-- Title: a way back that loses what was in a column that stays

-- sluice: expand
ALTER TABLE posts ADD COLUMN title text;

-- sluice: downgrade
ALTER TABLE posts DROP COLUMN title;
UPDATE posts SET user_id = 0 WHERE id = 3;
"""

CLOCKED = """-- Revision: acac11112222
-- Revises: aaaa11112222
-- Title: values that are others each time

-- sluice: expand
ALTER TABLE users ADD COLUMN seen timestamptz;
ALTER TABLE posts ADD COLUMN token uuid DEFAULT gen_random_uuid();

-- sluice: backfill
UPDATE users SET seen = clock_timestamp() WHERE seen IS NULL AND full_name IS NOT NULL;
-- sluice: finished when seen IS NOT NULL OR full_name IS NULL

-- sluice: downgrade
ALTER TABLE posts DROP COLUMN token;
ALTER TABLE users DROP COLUMN seen;
"""

MANY = """-- Revision: fafa11112222
-- Revises:
-- Title: constraints of all kinds

-- sluice: expand
CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
CREATE DOMAIN percent AS int CHECK (VALUE >= 0 AND VALUE <= 100);
CREATE TABLE shops (code varchar(3) PRIMARY KEY, country text NOT NULL, parent varchar(3)
    REFERENCES shops);
CREATE TABLE items (shop varchar(3) NOT NULL REFERENCES shops, number int NOT NULL,
    state text NOT NULL CHECK (state IN ('new', 'it''s sold')), mood mood NOT NULL,
    discount percent NOT NULL, price numeric(6, 2) CHECK (price > 0 AND price <= 500),
    low int, high int CHECK (high >= 3), note text, at timestamptz NOT NULL, tags text[] NOT NULL,
    raw bytea, extra jsonb, twice int GENERATED ALWAYS AS (low * 2) STORED,
    id bigint GENERATED ALWAYS AS IDENTITY UNIQUE, PRIMARY KEY (shop, number),
    CHECK (low <= high));
CREATE TABLE sales (day date NOT NULL, region text NOT NULL, shop varchar(3), number int,
    FOREIGN KEY (shop, number) REFERENCES items) PARTITION BY RANGE (day);
CREATE TABLE sales_1 PARTITION OF sales FOR VALUES FROM ('2024-01-01') TO ('2024-02-01');
CREATE TABLE sales_2 PARTITION OF sales FOR VALUES FROM ('2024-02-01') TO ('2024-03-01')
    PARTITION BY LIST (region);
CREATE TABLE sales_2_eu PARTITION OF sales_2 FOR VALUES IN ('eu');
CREATE TABLE sales_2_us PARTITION OF sales_2 FOR VALUES IN ('us', 'ca');
CREATE TABLE one_to_one (shop varchar(3) PRIMARY KEY REFERENCES shops, x int);
CREATE TABLE chicken (id int PRIMARY KEY, egg int);
CREATE TABLE egg (id int PRIMARY KEY, chicken int REFERENCES chicken);
ALTER TABLE chicken ADD FOREIGN KEY (egg) REFERENCES egg;
CREATE TABLE refuses (a int CHECK (a > 5 AND a < 3) NOT NULL);
CREATE TABLE holds (room int, during tsrange NOT NULL, EXCLUDE USING gist (during WITH &&));
"""

WRONG = """-- Revision: adad11112222
-- Revises: aaaa11112222
-- Title: fails at its second statement

-- sluice: expand
ALTER TABLE posts ADD COLUMN title text;
ALTER TABLE posts ADD CONSTRAINT posts_known CHECK (user_id > 5);
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


def rehearse(folder, *args, env=None):
    return run_sluice("rehearse", "--format", "json", *args, cwd=folder, env=env)


@pytest.fixture
def temporary():
    """A folder for what is temporary, nobody else's; its path is short enough for a socket."""
    with tempfile.TemporaryDirectory(prefix="sluice-") as folder:
        os.chmod(folder, 0o755)
        yield folder


def test_whole_life(folder, temporary):
    """Each phase is seen, all ways end in the same schema, and nothing is left behind."""
    write(folder, FIRST, LIFE)
    result = rehearse(folder, "--at", "aaaa11112222", "--rows", "500",
                      env={**clean_environment(), "TMPDIR": temporary})
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
    assert filled["derived"] == "backfill of sync on public.users" and added["derived"] is None
    assert os.listdir(temporary) == []


def test_stalls(folder):
    """What reads or rewrites a table under a strong lock would have made the app wait."""
    write(folder, FIRST, BLOCKING)
    result = rehearse(folder, "--at", "aaaa11112222", "--rows", "50")
    assert result.returncode == 9, result
    key, token = result.json["statements"][:2]
    assert {lock["relation"]: lock["taken"] for lock in key["locks"]} == {
        "posts": "SHARE ROW EXCLUSIVE", "users": "SHARE ROW EXCLUSIVE"}
    assert "posts" in key["scanned"] and "writes to posts" in key["stall"]
    assert token["rewritten"] == ["posts"] and token["stall"]
    assert key["differences"] == token["differences"] == []


def test_way_back_that_forgets(folder):
    """A downgrade that leaves something is found, with the line that differs."""
    write(folder, FIRST, LOSSY)
    result = rehearse(folder, "--at", "aaaa11112222")
    assert result.returncode == 9, result
    checks = {check["name"]: check for check in result.json["checks"]}
    assert "posts_user" in checks["up, down"]["detail"]
    assert "already exists" in checks["up, down, up again"]["detail"]
    assert all(checks[name]["ok"] for name in checks if not name.startswith("up, down")), \
        "what the way back has spoilt does not spoil the rest"


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
    assert "- up, down, up again: passed" in result.stdout
    assert "**None of " in result.stdout and "all 7 checks passed.**" in result.stdout


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


def measure_rows(folder, project, sql, *args):
    """What a query gives in the copy that a rehearsal fills, told by a revision that fails."""
    write(folder, MANY, ASKING % sql)
    result = project.fails(5, "rehearse", "--once", "--format", "json", *args)
    return json.loads(result.json["error"]["message"].split("answer: ", 1)[1]), result.json["notes"]


ASKING = """-- Revision: fafb11112222
-- Revises: fafa11112222
-- Title: tells what is there

-- sluice: expand
DO $ask$ BEGIN RAISE EXCEPTION 'answer: %%', (SELECT to_json(x) FROM (%s) x); END $ask$;
"""

COUNTS = """SELECT (SELECT count(*) FROM shops) AS shops, (SELECT count(*) FROM items) AS items,
(SELECT count(DISTINCT shop) FROM items) AS item_shops,
(SELECT count(DISTINCT state) FROM items) AS states,
(SELECT count(DISTINCT mood) FROM items) AS moods,
(SELECT count(*) FROM sales_1) AS sales_1, (SELECT count(*) FROM sales_2_eu) AS sales_eu,
(SELECT count(*) FROM sales_2_us) AS sales_us,
(SELECT count(*) FROM one_to_one) AS one_to_one, (SELECT count(*) FROM egg) AS eggs,
(SELECT count(*) FROM sales WHERE number IS NOT NULL) AS referring,
(SELECT count(*) FROM refuses) AS refuses"""


def test_rows_meet_constraints(project):
    """Keys, checks, domains, enums, partitions in two levels, cycles: rows get in, and are told of
    where they cannot."""
    write(project.folder, MANY)
    project.ok("upgrade")
    counts, notes = measure_rows(project.folder, project, COUNTS, "--rows", "300")
    assert counts["shops"] == counts["one_to_one"] == counts["eggs"] == 300
    assert counts["items"] > 250 and counts["item_shops"] > 100
    assert counts["states"] == 2 and counts["moods"] == 3
    assert counts["sales_1"] > 100 and counts["sales_eu"] > 20 and counts["sales_us"] > 20
    assert counts["referring"] > 200
    assert counts["refuses"] == 0
    assert any(note.startswith("table refuses has 0 of 300 rows") for note in notes)


def test_rows_are_like_production(project, database):
    """Nulls, repetitions, common values, lengths and how rows refer to each other are alike."""
    write(project.folder, MANY)
    project.ok("upgrade")
    database.execute("INSERT INTO shops SELECT g::text, CASE WHEN g % 10 < 9 THEN 'de' ELSE 'fr' "
                     "END FROM generate_series(1, 100) g")
    database.execute(
        "INSERT INTO items (shop, number, state, mood, discount, price, note, at, tags) "
        "SELECT CASE WHEN g <= 2000 THEN '7' ELSE (g % 100 + 1)::text END, g, 'it''s sold', "
        "'happy', 5, 20, CASE WHEN g % 4 > 0 THEN repeat('x', 100) END, now(), '{}' "
        "FROM generate_series(1, 4000) g")
    database.execute("ANALYZE")
    answer, _ = measure_rows(project.folder, project, """SELECT
        (SELECT count(*) FROM items) AS items,
        (SELECT count(*) FROM items WHERE note IS NULL) AS empty,
        (SELECT avg(length(note)) FROM items) AS width,
        (SELECT count(*) FROM items WHERE state = 'it''s sold' AND mood = 'happy') AS sold,
        (SELECT max(n) FROM (SELECT count(*) AS n FROM items GROUP BY shop) x) AS most,
        (SELECT count(*) FROM shops WHERE country = 'de') AS german""",
                             "--rows-like-production", "50")
    assert 1900 <= answer["items"] <= 2000
    assert 400 < answer["empty"] < 600
    assert 90 < answer["width"] < 110
    assert answer["sold"] == answer["items"]
    assert 850 < answer["most"] < 1150, "half of the items are of one shop"
    assert 38 <= answer["german"] <= 50


def test_rows_like_production_needs_a_database(folder):
    write(folder, FIRST)
    result = run_sluice("rehearse", "--rows-like-production", "10", cwd=folder)
    assert result.returncode == 3 and "needs a database" in result.stderr, result


def test_rows_are_compared(folder):
    """A downgrade that changes a row is found, though the schema is the same."""
    write(folder, FIRST, CARELESS)
    result = rehearse(folder, "--at", "aaaa11112222", "--rows", "9")
    assert result.returncode == 9, result
    checks = {check["name"]: check for check in result.json["checks"]}
    assert checks["up, down"]["detail"] == "public.posts.user_id: other values than before"
    assert not checks["up, down, up again"]["ok"]
    assert all(checks[name]["ok"] for name in checks if not name.startswith("up, down")), result


def test_rows_with_a_clock(folder):
    """Values that differ from run to run are counted only, and named."""
    write(folder, FIRST, CLOCKED)
    result = rehearse(folder, "--at", "aaaa11112222", "--rows", "30")
    assert all(check["ok"] for check in result.json["checks"]), result
    note = next(note for note in result.json["notes"] if "a clock" in note)
    assert note.endswith(": public.posts.token, public.users.seen")


def test_statement_that_fails(folder):
    """What was seen until then is shown, with the statement and the reason."""
    write(folder, FIRST, WRONG)
    result = rehearse(folder, "--at", "aaaa11112222", "--rows", "30")
    assert result.returncode == 5, result
    report = result.json
    assert [s["statement"] for s in report["statements"]] == [
        "ALTER TABLE posts ADD COLUMN title text"]
    assert "posts_known" in report["failed_statement"] and \
        "is violated" in report["error"]["message"]
    assert report["error"]["message"].startswith("expand of adad11112222: ")
    text = run_sluice("rehearse", "--at", "aaaa11112222", "--rows", "30", cwd=folder)
    assert "FAILED: expand of adad11112222" in text.stdout, text


def test_a_table_that_no_revision_made(folder):
    """A new user's copy lacks it: the way to have it there is said."""
    write(folder, BLOCKING.replace("aaaa11112222", ""))
    result = run_sluice("rehearse", "--at", "base", "--once", cwd=folder)
    assert result.returncode == 5 and "--schema production.sql" in result.stderr, result


@pytest.fixture
def production(project, database):
    """A configured database at the first revision, with rows, and a second revision pending."""
    write(project.folder, FIRST)
    project.ok("upgrade")
    database.execute("INSERT INTO users (full_name) SELECT 'name ' || g "
                     "FROM generate_series(1, 5000) g")
    write(project.folder, FIRST, LIFE)
    return project


@pytest.fixture
def clone(server, database, production):
    """A copy of it, in another database of its server."""
    del production
    it = type(database)(server, database.name + "_clone")
    with_template = f"CREATE DATABASE {it.name} TEMPLATE {database.name}"
    type(database)(server, "postgres").execute(with_template)
    yield it
    server.drop_database(it)


def databases(server, database):
    return {name for (name,) in type(database)(server, "postgres").query(
        "SELECT datname FROM pg_database")}


def test_clone(production, clone, database, server):
    """All ways are gone in copies of the clone, with its rows; the clone stays as it is."""
    before = databases(server, database)
    result = production.run("rehearse", "--clone", clone.url, "--format", "json")
    assert result.returncode == 0, result
    report = result.json
    assert report["clone"] and len(report["checks"]) == 7
    assert all(check["ok"] for check in report["checks"])
    filled = next(s for s in report["statements"] if s["phase"] == "backfill")
    assert filled["wal_bytes"] > 5000 * 50
    assert any("configured database's server" in note for note in report["notes"])
    assert databases(server, database) == before
    assert clone.value("SELECT count(*) FROM information_schema.columns "
                       "WHERE table_name = 'users'") == 2


def test_clone_once(production, clone):
    """Each phase once: no checks, said so."""
    production.env["SLUICE_REHEARSE_CLONE"] = clone.url
    report = production.json("rehearse", "--once")
    assert report["checks"] == [] and any("ran once" in note for note in report["notes"])
    assert {s["phase"] for s in report["statements"]} == {
        "expand", "backfill", "finish", "contract"}


def test_clone_that_is_production(production, database):
    """The configured database is refused, by whatever address."""
    for url in (database.url, database.tcp_url):
        result = production.fails(8, "rehearse", env={"SLUICE_REHEARSE_CLONE": url})
        assert "is the configured database" in result.stderr
    assert database.value("SELECT count(*) FROM users") == 5000


def test_clone_of_the_files(own_server, tmp_path):
    """A copy of the server's files has its system identifier, and is a clone all the same."""
    database = own_server.create_database()
    project = Project(tmp_path / "project", database)
    write(project.folder, FIRST)
    project.ok("upgrade")
    write(project.folder, FIRST, LIFE)
    own_server.stop()
    folder = own_server.folder + "-copy"
    subprocess.run(["cp", "-a", own_server.folder, folder], check=True)
    own_server.start()
    facts = pathlib.Path(folder, "server.json")
    facts.write_text(json.dumps(json.loads(facts.read_text()) | {"port": free_port()}))
    started = run_sluice("dev", "start", "--dir", folder, "--format", "json")
    assert started.returncode == 0, started
    try:
        url = started.json["socket_url"].replace("/postgres?", f"/{database.name}?")
        assert project.json("rehearse", "--once", "--clone", url)["statements"]
    finally:
        run_sluice("dev", "stop", "--dir", folder, "--remove")


def test_clone_in_use(production, clone):
    """A clone that somebody is connected to is refused, with the name of who it is."""
    connection = clone.connect(application_name="shop/1.2")
    try:
        result = production.fails(8, "rehearse", "--clone", clone.url)
        assert "in use by others: shop/1.2" in result.stderr
    finally:
        connection.close()


def test_clone_of_another_time(production, clone, database):
    """One that is behind catches up; one that is ahead, or has no ledger, is none."""
    production.ok("upgrade")
    report = production.json("rehearse", "--clone", clone.url, "bbbb11112222", "--once")
    assert "expand" not in {s["phase"] for s in report["statements"]}
    production.ok("downgrade", "-1")
    production.ok("upgrade", "--database", clone.url)
    result = production.fails(8, "rehearse", "--clone", clone.url)
    assert "revision bbbb11112222 is expanded in the clone" in result.stderr
    assert database.value("SELECT count(*) FROM users") == 5000


def test_clone_and_made_up_rows(production, clone):
    result = production.fails(2, "rehearse", "--clone", clone.url, "--rows", "5")
    assert "rows of its own" in result.stderr
    result = production.fails(2, "rehearse", "--clone", "postgresql://me:secret@host/shop")
    assert "SLUICE_REHEARSE_CLONE" in result.stderr and "secret" not in result.stderr


def test_clone_after_a_kill(production, clone, database, server):
    """What a rehearsal that was killed left in the clone's server is gone after the next."""
    before = databases(server, database)
    running = production.start("rehearse", "--clone", clone.url)
    wait_until(lambda: "sluice_rehearsal_fresh" in databases(server, database))
    running.kill()
    running.communicate()
    assert databases(server, database) > before
    production.ok("rehearse", "--clone", clone.url, "--once")
    assert databases(server, database) == before
