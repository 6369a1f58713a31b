"""`sluice lint --fix`: what it makes of a file means the same to the server, is clean of what it fixed,
and leaves alone what it did not.

Every labelled case and every `bad` block of docs/rules is fixed.
"""
import collections
import dataclasses
import re
import subprocess

import pytest

from conftest import Database, clean_environment, run_sluice
from lint_fixtures import GIVEN, PAGES, blocks, given_of, lint_files, options_of, read_cases

# What a fix is not about: a line more before a statement.
TIMEOUT = re.compile(r"^SET (LOCAL )?(lock|statement)_timeout = '\w+';\n", re.M)


@dataclasses.dataclass(frozen=True)
class Fixed:
    source: str
    before: str
    after: str
    given: str
    found: tuple  # rules that found something which could be fixed
    left: tuple  # (rule, level, certainty) of what lint says of the fixed text
    said: frozenset  # rules that said something of the text as it was

    def __str__(self):
        return f"{self.source}: {self.found}\n{self.before}\n==>\n{self.after}"


def fix(folder, sources, given, options):
    """What of the sources, name -> text, can be fixed, but for timeouts."""
    (folder / "given.sql").write_text(given)
    options = [*options, "--seed", folder / "given.sql"]
    first = lint_files(folder, {f"{name}.sql": text for name, text in sources.items()}, *options)
    names = [name for name in sources if any(one["fix"] for one in first[f"{name}.sql"])]
    if not names:
        return []
    done = run_sluice("lint", "--fix", *options, *(f"{name}.sql" for name in names), cwd=folder)
    assert done.returncode in (0, 9), done
    after = {name: (folder / f"{name}.sql").read_text() for name in names}
    left = lint_files(folder, {f"{name}.sql": text for name, text in after.items()}, *options)
    return [Fixed(name, sources[name], after[name], given,
                  tuple(sorted({one["rule"] for one in first[f"{name}.sql"] if one["fix"]})),
                  tuple((one["rule"], one["level"], one["certainty"], bool(one["fix"]))
                        for one in left[f"{name}.sql"]),
                  frozenset(one["rule"] for one in first[f"{name}.sql"]))
            for name in names
            if TIMEOUT.sub("", after[name]) != TIMEOUT.sub("", sources[name])]


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    folder, found, cases = tmp_path_factory.mktemp("fixed"), [], collections.defaultdict(dict)
    for case in read_cases():
        cases[case.runner][case.name] = case.text
    for runner, sources in cases.items():
        found += fix(folder, sources, GIVEN.read_text(), ["--runner", runner])
    for page in PAGES:
        for i, (words, text) in enumerate(blocks(page, "bad")):
            found += fix(folder, {f"{page.stem}-{i}": text}, given_of(page), options_of(page, words))
    return found


def test_nothing_is_left_to_fix(fixed):
    wrong = [f"{one}\n  ==> {left}" for one in fixed for left in one.left if left[3]]
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(wrong)


def test_nothing_new_is_found(fixed):
    wrong = [f"{one}\n  ==> {rule} {level}" for one in fixed for rule, level, certainty, _ in one.left
             if rule not in one.said and level != "note"]
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(wrong)


def test_many_rules_have_a_fix(fixed):
    assert len(fixed) >= 60 and len({rule for one in fixed for rule in one.found}) >= 20


def test_comments_stay(fixed):
    for one in fixed:
        for comment in re.findall(r"--.*", one.before):
            assert comment in one.after, one


def psql(url, text):
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", url], input=text,
                          capture_output=True, text=True, env=clean_environment())
    return done.stderr if done.returncode else ""


def schema(url):
    done = subprocess.run(["pg_dump", "-s", "--no-owner", url], capture_output=True, text=True,
                          env=clean_environment(), check=True)
    return [line for line in done.stdout.splitlines() if not re.match(r"\\(un)?restrict ", line)]


def outcome(server, template, text):
    """(error, schema) of the text in a copy of the template."""
    postgres = Database(server, "postgres")
    postgres.execute(f"CREATE DATABASE fix_copy TEMPLATE {template.name}")
    url = server.url_of("fix_copy")
    try:
        error = psql(url, text)
        return error, None if error else schema(url)
    finally:
        postgres.execute("DROP DATABASE fix_copy WITH (FORCE)")


def test_they_mean_the_same(server, fixed):
    """The same schema comes out; what the server refused it may now run."""
    groups, wrong = collections.defaultdict(list), []
    for one in fixed:
        groups[one.given].append(one)
    for given, group in groups.items():
        template = server.create_database()
        if given:
            template.execute(given)
        for one in group:
            error, before = outcome(server, template, one.before)
            failed, after = outcome(server, template, one.after)
            if failed and not error:
                wrong.append(f"{one}\n  ==> {failed}")
            elif not error and before != after:
                wrong.append(f"{one}\n  ==> {set(before) ^ set(after)}")
        if "labelled_app" in given:
            template.execute("DROP OWNED BY labelled_app; DROP ROLE labelled_app")
        server.drop_database(template)
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(wrong)
