"""Precision and recall of lint over cases that people labelled: no hazard is missed, and nothing
safe is called unsafe without `possible`."""
import re
import subprocess

import psycopg2
import pytest

from conftest import Database, run_sluice
from lint_fixtures import GIVEN, read_cases

CASES = read_cases()
SERIOUS = ("error", "warning")


@pytest.fixture(scope="module")
def findings(tmp_path_factory):
    """Case's name -> its findings; one run for all cases that are read alike."""
    folder = tmp_path_factory.mktemp("labelled")
    found = {case.name: [] for case in CASES}
    for runner, seeded in sorted({(case.runner, case.seeded) for case in CASES}):
        paths = []
        for case in CASES:
            if (case.runner, case.seeded) == (runner, seeded):
                paths.append(folder / f"{case.name}.sql")
                paths[-1].write_text(case.text)
        done = run_sluice("lint", "--format", "json", "--runner", runner,
                          *(["--seed", GIVEN] if seeded else []), *paths, cwd=folder)
        assert done.returncode in (0, 9), done
        for finding in done.json["findings"]:
            found[finding["file"].rsplit("/", 1)[-1].removesuffix(".sql")].append(finding)
    return found


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_case(case, findings):
    found = findings[case.name]
    if case.label == "safe":
        wrong = [one for one in found if one["level"] in SERIOUS and one["certainty"] == "certain"
                 and one["rule"] != case.allowed]
        assert not wrong, case.text
        assert case.allowed is None or any(one["rule"] == case.allowed for one in found), found
        return
    of_rule = [one for one in found if one["rule"] == case.rule]
    assert of_rule, f"{case.text}\nfound: {sorted({one['rule'] for one in found})}"
    if case.label == "possible":
        assert all(one["certainty"] == "possible" for one in of_rule)


def test_half_of_the_cases_are_safe():
    safe = sum(case.label == "safe" for case in CASES)
    assert len(CASES) >= 300 and 0.4 * len(CASES) <= safe <= 0.6 * len(CASES)


# What means something else in a transaction that is rolled back, or cannot be in one.
OWN_DATABASE = re.compile(r"\b(BEGIN|COMMIT|CONCURRENTLY|VACUUM|SYSTEM|ADD VALUE|LOCAL)\b")


def refused_by(connection, text):
    """What the server says against @text; it is rolled back."""
    try:
        with connection.cursor() as cursor:
            cursor.execute(text + "SELECT")
    except psycopg2.Error as error:
        return str(error)
    finally:
        connection.rollback()
    return ""


def refused_by_psql(server, given, case):
    """The same, statement by statement, in a database of its own."""
    options = ["-1"] if case.runner in ("alembic", "rails") else []
    Database(server, "postgres").execute(f"CREATE DATABASE labelled_case TEMPLATE {given}")
    case_url = server.url_of("labelled_case")
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", case_url, *options],
                          input=case.text, capture_output=True, text=True, timeout=60)
    case_database = Database(server, "labelled_case")
    for (prepared,) in case_database.query("SELECT gid FROM pg_prepared_xacts"):
        case_database.execute(f"ROLLBACK PREPARED '{prepared}'")
    Database(server, "postgres").execute("DROP DATABASE labelled_case WITH (FORCE)")
    return done.stderr if done.returncode else ""


def test_cases_are_what_they_say(server):
    """Each runs on the server, but for those marked `fails`, which do not."""
    given, wrong = server.create_database(), []
    given.execute(GIVEN.read_text())
    try:
        for case in CASES:
            if OWN_DATABASE.search(case.text):
                error = refused_by_psql(server, given.name, case)
            else:
                connection = given.connect(autocommit=False)
                error = refused_by(connection, case.text)
                connection.close()
            if bool(error) != case.fails:
                wrong.append(f"{case.name}: {error or 'does not fail'}{case.text}")
    finally:
        given.execute("DROP OWNED BY labelled_app; DROP ROLE labelled_app")
        server.drop_database(given)
    assert not wrong, "\n".join(wrong)
