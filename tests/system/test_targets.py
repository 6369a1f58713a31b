"""The words that name revisions, command by command; Alembic's traps, each by its name."""
import pytest

from upgrade_fixtures import ADD, FIRST, RENAME, SECOND, THIRD, columns, has_ledger, states, users

FOURTH = "aaaaaaaaaaa4"
TABLE = """-- sluice: expand
CREATE TABLE {0} (id int);

-- sluice: downgrade
DROP TABLE {0};
"""


def tables(database):
    return [name for (name,) in database.query(
        "SELECT relname FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace "
        "ORDER BY 1")]


def header(revision, revises=(), requires=(), branch=None):
    """A file's header; body and title follow in Project.revision's form."""
    lines = [f"-- Revision: {revision}"]
    lines += [f"-- Revises: {', '.join(revises)}"] if revises else []
    lines += [f"-- Requires: {one}" for one in requires]
    lines += [f"-- Branch: {branch}"] if branch else []
    return "\n".join([*lines, f"-- Title: {revision}", "", ""])


def write(project, revision, revises=(), requires=(), branch=None, body=None):
    path = project.migrations / f"{revision}.sql"
    path.write_text(header(revision, revises, requires, branch) +
                    (TABLE.format(f"t_{revision}") if body is None else body))
    return path


@pytest.fixture
def chain(project):
    """Four revisions in a line."""
    for revision, parent in ((FIRST, None), (SECOND, FIRST), (THIRD, SECOND), (FOURTH, THIRD)):
        write(project, revision, [parent] if parent else [])
    return project


@pytest.fixture
def branches(project):
    """root, then the branches shop (two revisions) and blog (one)."""
    write(project, "root")
    write(project, "shop1", ["root"], branch="shop")
    write(project, "shop2", ["shop1"])
    write(project, "blog1", ["root"], branch="blog")
    return project


# --- upgrade --------------------------------------------------------------------------------------

@pytest.mark.parametrize("word, count", [
    ("head", 4), ("heads", 4), (None, 4), (SECOND, 2), (SECOND + "+1", 3), (FOURTH + "-1", 3),
    ("+1", 1), ("+3", 3), ("head-2", 2), ("base", 0), ("base+2", 2)])
def test_upgrade_takes_each_word(chain, database, word, count):
    chain.ok("upgrade", *([word] if word else []))
    assert len(states(database)) == count if count else not has_ledger(database)


def test_plus_goes_on_from_what_is_applied(chain, database):
    chain.ok("upgrade", SECOND)
    chain.ok("upgrade", "+1")
    assert list(states(database)) == [FIRST, SECOND, THIRD]


def test_an_idle_plus_one_is_nothing_to_do(chain, database):
    chain.ok("upgrade")
    assert "nothing to do" in chain.ok("upgrade", "+1").stdout
    chain.ok("downgrade", THIRD)
    assert "expanded " + FOURTH in chain.ok("upgrade", "+5").stdout


def test_a_range_is_for_a_script_alone(chain, database):
    assert "--sql" in chain.fails(2, "upgrade", f"{FIRST}:{THIRD}").stderr
    assert not has_ledger(database)


def test_labels(branches, database):
    branches.ok("upgrade", "shop@head")
    assert set(states(database)) == {"root", "shop1", "shop2"}
    branches.ok("upgrade", "blog")
    assert set(states(database)) == {"root", "shop1", "shop2", "blog1"}


def test_a_label_steps_within_its_branch(branches, database):
    branches.ok("upgrade", "root")
    branches.ok("upgrade", "shop@+1")
    assert set(states(database)) == {"root", "shop1"}
    branches.ok("downgrade", "shop@-1")
    assert set(states(database)) == {"root"}


def test_plain_upgrade_is_all_branches_and_head_is_ambiguous(branches, database):
    result = branches.fails(2, "upgrade", "head")
    assert "shop2" in result.stderr and "blog1" in result.stderr
    branches.ok("upgrade")
    assert len(states(database)) == 4


def test_a_hole_is_applied_and_said(project, database):
    """Alembic: after Revises is re-pointed, the ancestor in between is skipped in silence."""
    write(project, "one")
    write(project, "three", ["one"])
    project.ok("upgrade")
    write(project, "two", ["one"])
    write(project, "three", ["two"])
    result = project.ok("upgrade")
    assert "two" in result.stderr and "never applied" in result.stderr
    assert "expanded two" in result.stdout
    assert tables(database) == ["t_one", "t_three", "t_two"]


def test_an_unknown_row_blocks_nothing(chain, database):
    """Alembic: Can't locate revision identified by 'zzzz', of every command."""
    chain.ok("upgrade", SECOND)
    write(chain, "elsewhere", [SECOND])
    chain.ok("upgrade", "elsewhere")
    (chain.migrations / "elsewhere.sql").unlink()
    result = chain.ok("upgrade")
    assert "elsewhere" in result.stderr and "no file" in result.stderr
    assert list(states(database)) == [FIRST, SECOND, "elsewhere", THIRD, FOURTH]
    chain.ok("current")
    chain.ok("downgrade", "-1")
    chain.ok("status")


def test_a_merge_that_requires_an_ancestor(project, database):
    """Alembic 1.19: a raw KeyError of `upgrade head`."""
    write(project, "a")
    write(project, "b", ["a"])
    write(project, "c", ["b"])
    write(project, "d", ["a"])
    write(project, "m", ["c", "d"], requires=["b"])
    project.ok("upgrade", "head")
    assert len(states(database)) == 5


# --- downgrade ------------------------------------------------------------------------------------

@pytest.mark.parametrize("word, left", [
    ("-1", 3), ("-3", 1), ("base", 0), (SECOND, 2), (THIRD + "-1", 2), ("head-1", 3),
    ("current", 4), ("heads", 4)])
def test_downgrade_takes_each_word(chain, database, word, left):
    chain.ok("upgrade")
    chain.ok("downgrade", word)
    assert len(states(database)) == left


def test_downgrade_needs_a_word(chain):
    chain.fails(2, "downgrade")


def test_more_steps_than_there_are(chain, database):
    """Alembic walks to base, or dies, depending on the version."""
    chain.ok("upgrade", SECOND)
    chain.fails(8, "downgrade", "-3")
    assert len(states(database)) == 2


def test_minus_one_with_several_heads_is_refused(branches, database):
    """Alembic warns, and picks the row that comes first."""
    branches.ok("upgrade")
    result = branches.fails(2, "downgrade", "-1")
    assert "shop@-1" in result.stderr and "blog@-1" in result.stderr
    assert len(states(database)) == 4
    branches.ok("downgrade", "shop@-1")
    assert set(states(database)) == {"root", "shop1", "blog1"}


def test_minus_one_of_a_label_that_has_nothing(branches, database):
    """Alembic: AssertionError."""
    branches.ok("upgrade", "blog@head")
    result = branches.fails(8, "downgrade", "shop@-1")
    assert "shop" in result.stderr
    assert set(states(database)) == {"root", "blog1"}


def test_downgrade_of_a_branch(branches, database):
    branches.ok("upgrade")
    result = branches.json("downgrade", "shop@base")
    assert result["downgraded"] == ["shop2", "shop1"]
    assert set(states(database)) == {"root", "blog1"}


def test_downgrade_takes_those_that_require_it(branches, database):
    write(branches, "blog2", ["blog1"], requires=["shop1"])
    branches.ok("upgrade")
    result = branches.json("downgrade", "shop@base")
    assert set(result["downgraded"]) == {"shop1", "shop2", "blog2"}
    assert result["downgraded"].index("blog2") < result["downgraded"].index("shop1")
    assert set(states(database)) == {"root", "blog1"}


def test_downgrade_looks_before_it_touches(chain, database):
    chain.ok("upgrade")
    database.execute("UPDATE sluice.revision SET state = 'contracted' WHERE id = %s", SECOND)
    result = chain.fails(8, "downgrade", "base")
    assert SECOND in result.stderr and "contracted" in result.stderr
    assert len(states(database)) == 4
    write(chain, FOURTH, [THIRD], body="-- sluice: expand\nCREATE TABLE x (a int);\n")
    assert "no section" in chain.fails(8, "downgrade", SECOND).stderr
    assert len(states(database)) == 4


def test_downgrade_shows_several(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    users.revision(THIRD, ADD, revises=SECOND)
    users.ok("upgrade")
    result = users.ok("downgrade", "base", "--dry-run")
    for text in ("DROP COLUMN added", "DROP COLUMN display_name", "DROP TABLE users"):
        assert text in result.stdout
    assert len(states(database)) == 3


# --- redo -----------------------------------------------------------------------------------------

def test_redo_runs_the_last_as_it_is_now(chain, database):
    chain.ok("upgrade")
    write(chain, FOURTH, [THIRD], body=TABLE.format("renamed").replace(
        "DROP TABLE renamed", "DROP TABLE IF EXISTS t_" + FOURTH + "; DROP TABLE IF EXISTS renamed"))
    result = chain.ok("redo")
    assert "redone " + FOURTH in result.stdout
    assert "renamed" in tables(database) and "t_" + FOURTH not in tables(database)
    assert states(database)[FOURTH] == "expanded"
    kinds = [event["kind"] for event in chain.json("events")["events"]]
    assert kinds[-6:] == ["redoing", "downgrading", "downgraded", "expanding", "expanded", "redone"]


def test_redo_of_one_in_the_middle_is_refused(chain, database):
    chain.ok("upgrade")
    result = chain.fails(8, "redo", SECOND)
    assert THIRD in result.stderr and f"sluice downgrade {SECOND}" in result.stderr
    assert len(states(database)) == 4


def test_redo_of_several_heads_names_them(branches, database):
    branches.ok("upgrade")
    result = branches.fails(2, "redo")
    assert "sluice redo shop2" in result.stderr and "sluice redo blog1" in result.stderr
    branches.ok("redo", "blog1")
    branches.ok("redo", "shop@head")


def test_redo_of_nothing(chain, database):
    chain.fails(8, "redo")
    chain.ok("upgrade", FIRST)
    chain.fails(8, "redo", FOURTH)
    chain.fails(2, "redo", "base")


def test_redo_is_refused_once_cut_over(chain, database):
    chain.ok("upgrade")
    database.execute("UPDATE sluice.revision SET state = 'cut over' WHERE id = %s", FOURTH)
    chain.fails(8, "redo")
    assert len(states(database)) == 4


def test_redo_shows_what_it_would_do(chain, database):
    chain.ok("upgrade")
    oid = database.value(f"SELECT 't_{FOURTH}'::regclass::oid")
    assert "DROP TABLE" in chain.ok("redo", "--dry-run").stdout
    assert database.value(f"SELECT 't_{FOURTH}'::regclass::oid") == oid


def test_redo_of_a_mapping(users, database):
    users.revision(SECOND, RENAME, revises=FIRST)
    users.ok("upgrade")
    result = users.ok("redo")
    assert "its backfill waits" in result.stderr
    assert states(database)[SECOND] == "expanded"
    users.ok("redo", "--backfill")
    assert states(database)[SECOND] == "backfilled"
    assert columns(database)[-1] == "display_name"
