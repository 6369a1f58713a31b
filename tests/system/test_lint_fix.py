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


def fix(folder, source, text, given, options):
    """None: there is nothing that can be fixed but timeouts."""
    (folder / "given.sql").write_text(given)
    options = [*options, "--seed", folder / "given.sql"]
    first = lint_files(folder, {"file.sql": text}, *options)["file.sql"]
    found = tuple(sorted({one["rule"] for one in first if one["fix"]}))
    if not found:
        return None
    done = run_sluice("lint", "--fix", *options, "file.sql", cwd=folder)
    assert done.returncode in (0, 9), done
    after = (folder / "file.sql").read_text()
    if TIMEOUT.sub("", after) == TIMEOUT.sub("", text):
        return None
    left = lint_files(folder, {"file.sql": after}, *options)["file.sql"]
    return Fixed(source, text, after, given, found,
                 tuple((one["rule"], one["level"], one["certainty"], bool(one["fix"]))
                       for one in left), frozenset(one["rule"] for one in first))


@pytest.fixture(scope="module")
def fixed(tmp_path_factory):
    folder, found = tmp_path_factory.mktemp("fixed"), []
    for case in read_cases():
        found.append(fix(folder, case.name, case.text, GIVEN.read_text(),
                         ["--runner", case.runner]))
    for page in PAGES:
        for words, text in blocks(page, "bad"):
            found.append(fix(folder, page.name, text, given_of(page), options_of(page, words)))
    return [one for one in found if one is not None]


def test_nothing_is_left_to_fix(fixed):
    wrong = [f"{one}\n  ==> {left}" for one in fixed for left in one.left if left[3]]
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(wrong)


def test_nothing_new_is_found(fixed):
    wrong = [f"{one}\n  ==> {rule} {level}" for one in fixed for rule, level, certainty, _ in one.left
             if rule not in one.said and level != "note"]
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(wrong)


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
            (error, before), (failed, after) = (outcome(server, template, text)
                                                for text in (one.before, one.after))
            if failed and not error:
                wrong.append(f"{one}\n  ==> {failed}")
            elif not error and before != after:
                wrong.append(f"{one}\n  ==> {set(before) ^ set(after)}")
        if "labelled_app" in given:
            template.execute("DROP OWNED BY labelled_app; DROP ROLE labelled_app")
        server.drop_database(template)
    assert not wrong, f"{len(wrong)}\n" + "\n\n".join(wrong)
