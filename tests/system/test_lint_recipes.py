"""The safe way that a finding names: it is SQL to paste, lint itself has nothing against it, and
PostgreSQL runs it on what was there before the statement that it stands for.

Every recipe that the labelled cases and the `bad` blocks of docs/rules draw is looked at.
"""
import collections
import dataclasses
import re

import psycopg2
import pytest

from conftest import Database, run_sluice
from lint_fixtures import (DERIVED, GIVEN, PAGES, blocks, given_of, lint_files, options_of, read_cases,
                           statements)

SERIOUS = ("error", "warning")
# What no SQL can say, and why.
WORDS_ALONE = {
    "column-rename": "the column's type is not known without a schema: a command asks the server",
    "rename-disguised": "the same",
    "select-star-cached-plan": "about the app's queries and connections",
    "transaction-nesting": "COMMIT alone is what the rule finds",
    "two-phase-leftover": "COMMIT alone is what another rule finds",
}
# (rule, what lint says of its recipe, as possible): why both are right.
AGREED = {
    ("partition-attach-scan", "partition-attach-scan"):
        "what a CHECK of a DEFAULT partition implies only the server tells; it does",
}
# What needs more than a file tells: without a schema the recipe names what is missing in words.
WITHOUT_SCHEMA = {
    "partition-attach-scan": "the partition key",
    "refresh-mv-blocking": "the columns of a unique index",
}
# Recipes that come behind the file's statements, not in the place of one, and why.
BEHIND = {"fk-missing-index": "the table may be the file's own"}
# Recipes that come in the place of several statements, before all of which nothing has run.
IN_PLACE_OF_SEVERAL = ("multiple-alter-same-table", "multiple-foreign-keys", "rename-disguised")
# (case, rule): what the server refuses because it refuses the statement too.
REFUSED = {
    ("transactions-180", "index-create-blocking"): "its table was rolled back",
    ("others-106", "concurrently-in-transaction"): "it names another database",
    ("others-106", "reindex-blocking"): "the same",
    ("others-114", "column-drop"): "which of what depends on it is to go, lint cannot decide",
    ("others-119", "table-drop"): "it cannot here either",
}
SECTION = re.compile(r"-- sluice: (?!allow)")
HEADER = "-- Revision: recipe\n-- Title: a recipe\n-- Created: 2026-11-21T00:00:00Z\n\n"


@dataclasses.dataclass(frozen=True)
class Recipe:
    source: str    # where the finding is: "columns-12", "docs/rules/table-drop.md"
    rule: str
    text: str
    given: str     # the schema
    before: tuple  # statements that come first
    known: frozenset  # rules that find something in the same file
    certain: bool
    seeded: bool
    options: tuple = ()  # to lint with

    def __str__(self):
        return f"{self.source}: {self.rule}:\n{self.text}"


def offset(text, finding):
    """Where the finding's place is in the text."""
    lines = text.split("\n")
    return len("\n".join(lines[:finding["line"] - 1] + [""])) + finding["column"] - 1


def before(text, finding):
    """What has run, and been committed, before the statement that the finding is about."""
    if finding["rule"] in IN_PLACE_OF_SEVERAL:
        return ()
    place = len(text) if finding["rule"] in BEHIND else offset(text, finding)
    done = [statement for statement, _, end in statements(DERIVED.sub(blank, text)) if end <= place]
    is_open = False
    for statement in done:
        is_open = (is_open or re.match(r"(BEGIN|START)\b", statement)) and not re.match(
            r"(COMMIT|END|ROLLBACK(?! TO)|PREPARE TRANSACTION)\b", statement)
    return tuple(done + (["COMMIT"] if is_open else []))


def blank(match):
    return re.sub(r"[^\n]", " ", match.group())


def recipes_of(source, text, given, findings, seeded=True, options=()):
    known = frozenset(one["rule"] for one in findings)
    return [Recipe(source, one["rule"], one["recipe"], given, before(text, one), known,
                   one["certainty"] == "certain", seeded, tuple(options))
            for one in findings if one["recipe"] is not None]


def recipes_of_cases(folder):
    given, found = GIVEN.read_text(), []
    cases = {(case.runner, case.seeded): [] for case in read_cases()}
    for case in read_cases():
        cases[case.runner, case.seeded].append(case)
    for (runner, seeded), group in cases.items():
        texts = {f"{case.name}.sql": case.text for case in group}
        findings = lint_files(folder, texts, "--runner", runner,
                              *(["--seed", GIVEN] if seeded else []))
        for case in group:
            found += recipes_of(case.name, case.text, given, findings[f"{case.name}.sql"], seeded)
    return found


def recipes_of_pages(folder):
    found, seed = [], folder / "given.sql"
    for page in PAGES:
        seed.write_text(given_of(page))
        for words, text in blocks(page, "bad"):
            options = options_of(page, words)
            findings = lint_files(folder, {"bad.sql": text}, *options, "--seed", seed)["bad.sql"]
            found += recipes_of(page.name, text, given_of(page), findings, options=options)
    return found


@pytest.fixture(scope="module")
def recipes(tmp_path_factory):
    """Each once, however many statements draw it."""
    folder = tmp_path_factory.mktemp("recipes")
    found = {}
    for recipe in recipes_of_cases(folder) + recipes_of_pages(folder):
        found.setdefault((recipe.rule, recipe.text, recipe.given, recipe.before), recipe)
    return list(found.values())


def as_file(recipe):
    """Sections make a revision of it."""
    return HEADER + recipe.text if SECTION.match(recipe.text) else recipe.text


def test_they_are_sql(recipes):
    """No place is left open, and there is something to run."""
    wrong = [recipe for recipe in recipes
             if re.search(r"\.\.|<\w", re.sub(r"--.*|'[^']*'", "", recipe.text))
             or re.search(r"\.\. |<[a-z ]+>", recipe.text)
             or (not statements(recipe.text) and recipe.rule not in WORDS_ALONE)]
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(sorted(map(str, wrong)))


def contradicts(recipe, finding):
    """Nothing is an error for sure, the rule finds its own recipe right, and no other rule finds
    what it did not find in the statement already."""
    if finding["level"] not in SERIOUS or (recipe.source, recipe.rule) in REFUSED:
        return False
    if finding["certainty"] == "possible" and (recipe.rule, finding["rule"]) in AGREED:
        return False
    if not recipe.certain and finding["rule"] == "suppression-hygiene":
        return False  # with the schema that the recipe is linted on, there may be nothing to allow
    if not recipe.seeded and recipe.rule in WITHOUT_SCHEMA:
        return False
    return (finding["rule"] == recipe.rule or finding["rule"] not in recipe.known
            or (finding["level"], finding["certainty"]) == ("error", "certain"))


def test_lint_has_nothing_against_them(recipes, tmp_path):
    """Neither the rule that gives it, nor any other."""
    groups, wrong = collections.defaultdict(list), []
    for recipe in recipes:
        groups[recipe.given, recipe.before, recipe.options].append(recipe)
    for (given, done, options), group in groups.items():
        (tmp_path / "seed.sql").write_text(given + "".join(f"{one};\n" for one in done))
        texts = {f"{i}.sql": as_file(recipe) for i, recipe in enumerate(group)}
        findings = lint_files(tmp_path, texts, *options, "--seed", tmp_path / "seed.sql")
        for recipe, found in zip(group, findings.values()):
            said = {(one["rule"], one["level"], one["certainty"], one["message"]) for one in found
                    if contradicts(recipe, one)}
            if said:
                wrong.append(f"{recipe}\n  ==> {said}")
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(sorted(wrong))


# What cannot be in a transaction that is rolled back, or means something else there.
OWN_DATABASE = re.compile(r"\b(BEGIN|COMMIT|CONCURRENTLY|VACUUM|SYSTEM|ADD VALUE|LOCAL|EVENT)\b")


def run_script(connection, script):
    """Statement by statement, as psql does; the error, or nothing."""
    with connection.cursor() as cursor:
        for statement in script:
            try:
                cursor.execute(statement)
            except psycopg2.Error as error:
                return f"{statement}\n    {error}"
    return ""


def run_in_copy(server, template, script):
    postgres = Database(server, "postgres")
    postgres.execute(f"CREATE DATABASE recipe_copy TEMPLATE {template.name}")
    connection = Database(server, "recipe_copy").connect()
    try:
        return run_script(connection, script)
    finally:
        connection.close()
        postgres.execute("DROP DATABASE recipe_copy WITH (FORCE)")


def failure(server, template, recipe):
    """What the server says against the recipe where its schema, and what comes before, is."""
    own = [statement for statement, _, _ in statements(recipe.text)]
    script = [*recipe.before, *own]
    if any(map(OWN_DATABASE.search, script)):
        failed = run_in_copy(server, template, script)
        return run_in_copy(server, template, own) if failed and recipe.rule in BEHIND else failed
    connection = template.connect(autocommit=False)
    try:
        return run_script(connection, script)
    finally:
        connection.close()


def test_they_run(server, recipes):
    groups, wrong = collections.defaultdict(list), []
    for recipe in recipes:
        groups[recipe.given].append(recipe)
    for given, group in groups.items():
        template = server.create_database()
        if given:
            template.execute(given)
        wrong += [f"{recipe}\n  ==> {failed}" for recipe in group
                  if (recipe.seeded or recipe.rule not in WITHOUT_SCHEMA)
                  and (recipe.source, recipe.rule) not in REFUSED
                  and (failed := failure(server, template, recipe))]
        if "labelled_app" in given:
            template.execute("DROP OWNED BY labelled_app; DROP ROLE labelled_app")
        server.drop_database(template)
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(sorted(wrong))


def test_there_are_many(recipes):
    assert len(recipes) > 500 and len({recipe.rule for recipe in recipes}) > 100
