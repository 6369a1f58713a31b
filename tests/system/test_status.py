"""sluice current, status, wait: what is where, and what it waits for."""
import re
import time

PLAIN = """-- sluice: expand
CREATE TABLE users (id bigint PRIMARY KEY, full_name text);

-- sluice: downgrade
DROP TABLE users;
"""
RENAME = """-- sluice: expand
ALTER TABLE users ADD COLUMN display_name text;

-- sluice: sync users
SELECT full_name AS display_name;

-- sluice: contract
ALTER TABLE users DROP COLUMN full_name;
"""


def record(project, database, revision, state, expanded_at="2026-11-01T10:00:00Z", final=False,
           partly=None):
    """The ledger's row, as if the revision had run (its checksums left out)."""
    database.execute(
        "INSERT INTO sluice.revision (id, title, parents, state, final, partly, expanded_at, "
        "backfilled_at, cut_over_at, applied_by, tool) VALUES (%s, %s, '{}', %s, %s, %s, "
        "CASE WHEN %s <> 'pending' THEN %s::timestamptz END, "
        "CASE WHEN %s IN ('backfilled', 'cut over') THEN %s::timestamptz END, "
        "CASE WHEN %s = 'cut over' THEN %s::timestamptz END, 'ada@host', 'sluice')",
        revision, f"change {revision}", state, final, partly, state, expanded_at, state,
        expanded_at, state, expanded_at)


def make_ledger(project):
    """Through the tool, with a revision that does nothing to the schema."""
    project.ok("upgrade")


def test_nothing_applied(project, database):
    assert "no revision was applied" in project.ok("current").stdout
    assert project.json("current")["revisions"] == []
    project.revision("aaaa1111", PLAIN)
    status = project.json("status")
    assert [(r["id"], r["state"], r["next"]) for r in status["revisions"]] == \
        [("aaaa1111", "pending", "expand")]
    assert status["waiting_contracts"] == [] and status["warnings"] == []
    assert database.value("SELECT to_regnamespace('sluice') IS NULL")


def test_states_and_waiting_contracts(project, database):
    project.revision("aaaa1111", PLAIN)
    make_ledger(project)
    project.revision("bbbb2222", RENAME, revises="aaaa1111")
    project.revision("cccc3333", RENAME.replace("display_name", "shown"), revises="bbbb2222")
    record(project, database, "bbbb2222", "expanded")
    record(project, database, "cccc3333", "cut over")

    current = project.json("current")["revisions"]
    assert [(r["id"], r["state"], r["final"]) for r in current] == \
        [("aaaa1111", "expanded", True), ("bbbb2222", "expanded", False),
         ("cccc3333", "cut over", False)]
    assert current[1]["expanded_at"] == "2026-11-01T10:00:00Z"
    assert current[0]["applied_by"] == "tester@host"

    status = project.json("status")
    assert [(r["id"], r["next"]) for r in status["revisions"]] == \
        [("aaaa1111", None), ("bbbb2222", "backfill"), ("cccc3333", "contract")]
    waiting = status["waiting_contracts"]
    assert [(w["id"], w["since"]) for w in waiting] == \
        [("bbbb2222", "2026-11-01T10:00:00Z"), ("cccc3333", "2026-11-01T10:00:00Z")]
    assert waiting[0]["waits_for"] == "its backfill (not begun)"
    assert "contract gate" in waiting[1]["waits_for"]
    text = project.ok("status").stdout
    assert re.search(r"^bbbb2222 +expanded +2026-11-01T10:00:00Z +backfill +change bbbb2222$", text,
                     re.M)
    assert "contracts that wait:" in text


def test_drift_is_a_warning(project, database):
    path = project.revision("aaaa1111", PLAIN)
    other = project.revision("bbbb2222", "-- sluice: expand\nCREATE TABLE t (a int);\n",
                             revises="aaaa1111")
    make_ledger(project)
    assert project.json("status")["warnings"] == []
    # Comments and blanks do not count; another column does.
    path.write_text(path.read_text().replace("full_name text", "full_name   text /* why */"))
    assert project.json("status")["warnings"] == []
    path.write_text(path.read_text().replace("full_name   text /* why */", "full_name varchar(9)"))
    other.unlink()
    warnings = project.json("status")["warnings"]
    assert {(w["kind"], w["revision"]) for w in warnings} == \
        {("gone", "bbbb2222"), ("edited", "aaaa1111")}
    edited = next(w for w in warnings if w["kind"] == "edited")
    assert path.name in edited["text"] and "section expand" in edited["text"]


def test_partly_done_is_said(project, database):
    project.revision("aaaa1111", PLAIN)
    make_ledger(project)
    project.revision("bbbb2222", RENAME, revises="aaaa1111")
    record(project, database, "bbbb2222", "pending", partly="expand")
    assert "expand has begun" in project.ok("current").stdout
    assert project.json("status")["warnings"][0]["kind"] == "partly"


def test_triggers_that_no_longer_keep_in_sync_are_a_warning(project, database):
    project.revision("aaaa1111", PLAIN)
    project.revision("bbbb2222", RENAME, revises="aaaa1111")
    make_ledger(project)

    def warnings():
        return [(w["kind"], w["text"]) for w in project.json("status")["warnings"]]

    assert warnings() == []
    database.execute("ALTER TABLE users DISABLE TRIGGER zzzz_sluice_update")
    assert [kind for kind, text in warnings()] == ["trigger"]
    assert "zzzz_sluice_update of public.users is not enabled always" in warnings()[0][1]
    database.execute("ALTER TABLE users ENABLE ALWAYS TRIGGER zzzz_sluice_update; "
                     "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'; "
                     "CREATE TRIGGER zzzz_zz BEFORE UPDATE ON users FOR EACH ROW EXECUTE FUNCTION f()")
    assert any("zzzz_zz of public.users fires after" in text for _, text in warnings())
    database.execute("DROP TRIGGER zzzz_zz ON users; DROP TRIGGER zzzz_sluice_insert ON users")
    assert ["gone" in text for _, text in warnings()] == [True]


def test_wait_returns_once_the_revision_is_there(project):
    project.revision("aaaa1111", PLAIN)
    waiting = project.start("wait", "--timeout", "30s")
    time.sleep(0.3)  # it must be waiting when the upgrade comes; how long does not matter
    assert waiting.poll() is None
    project.ok("upgrade")
    out, err = waiting.communicate(timeout=30)
    assert waiting.returncode == 0, err
    assert "is ready" in out
    assert "revision aaaa1111 is not applied" in err


def test_wait_ends_with_what_is_missing(project):
    project.revision("aaaa1111", PLAIN)
    result = project.fails(8, "wait", "--timeout", "300ms")
    assert "revision aaaa1111 is not applied" in result.stderr
    assert "sluice upgrade" in result.stderr
    project.ok("upgrade")
    project.revision("bbbb2222", RENAME, revises="aaaa1111")
    project.ok("wait", "--revision", "aaaa1111", "--timeout", "300ms")
    # It ends with expanded, so it has all that it will ever have.
    project.ok("wait", "--revision", "aaaa", "--state", "contracted", "--timeout", "300ms")
    project.fails(8, "wait", "--timeout", "300ms")
    project.fails(2, "wait", "--revision", "zzzz9999")


def test_wait_for_a_server_that_comes(tmp_path, project, own_server):
    project.env["DATABASE_URL"] = own_server.url
    own_server.stop()
    result = project.fails(4, "wait", "--timeout", "300ms")
    assert "cannot connect" in result.stderr
    waiting = project.start("wait", "--timeout", "60s")
    own_server.start()
    out, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err


def test_wait_works_without_files_and_as_the_app(project, database):
    project.revision("aaaa1111", PLAIN)
    make_ledger(project)
    database.execute("DROP ROLE IF EXISTS plain_app; CREATE ROLE plain_app LOGIN")
    env = {"DATABASE_URL": database.url.replace("postgres@", "plain_app@", 1)}
    for path in project.migrations.iterdir():
        path.unlink()
    project.migrations.rmdir()
    project.ok("wait", "--revision", "aaaa1111", "--timeout", "300ms", env=env)
    result = project.fails(8, "wait", "--revision", "bbbb2222", "--timeout", "300ms", env=env)
    assert "bbbb2222" in result.stderr
    project.fails(3, "wait", env=env)
    database.execute("DROP OWNED BY plain_app; DROP ROLE plain_app")


def test_what_is_done_is_counted(project, database):
    project.revision("aaaa1111", PLAIN)
    project.revision("bbbb2222", RENAME, revises="aaaa1111")
    make_ledger(project)
    path = project.revision("cccc3333", "", revises="bbbb2222")
    path.write_text(path.read_text().replace("-- Title", "-- Requires: bbbb2222\n-- Title"))
    text = project.ok("status").stdout
    assert "aaaa1111" not in text and "1 at the end of its life" in text
    assert "bbbb2222" in text and "requires bbbb2222 contracted, which is" in text
    assert re.search("^aaaa1111 +expanded", project.ok("status", "--all").stdout, re.M)
    assert [r["id"] for r in project.json("status")["revisions"]] == \
        ["aaaa1111", "bbbb2222", "cccc3333"]


def test_what_one_upgrade_brings_does_not_wait(project):
    project.revision("aaaa1111", PLAIN)
    path = project.revision("bbbb2222", "", revises="aaaa1111")
    path.write_text(path.read_text().replace("-- Title", "-- Requires: aaaa1111 expanded\n-- Title"))
    assert project.json("status")["warnings"] == []
