"""The pages of docs/rules: what they call bad is found, what they call good is not; and all of it
is SQL that PostgreSQL runs."""
import re
import shutil
import subprocess

import pytest

from conftest import clean_environment, run_sluice
from lint_fixtures import DERIVED, PAGES, blocks, given_of, levels, lint_files, options_of


def all_blocks(*kinds):
    return [pytest.param(page, words, text, id=f"{page.stem}-{words[0]}-{number}")
            for page in PAGES for kind in kinds
            for number, (words, text) in enumerate(blocks(page, kind))]


def lint(folder, page, words, text):
    """The findings of the block, on the schema of the page's given block."""
    seed = folder / "given.sql"
    seed.write_text(given_of(page))
    options = options_of(page, words)
    return lint_files(folder, {"block.sql": text}, *options, "--seed", seed)["block.sql"]


@pytest.mark.parametrize("page, words, text", all_blocks("bad"))
def test_bad_is_found(tmp_path, page, words, text):
    assert page.stem in {finding["rule"] for finding in lint(tmp_path, page, words, text)}


@pytest.mark.parametrize("page, words, text", all_blocks("good"))
def test_good_is_clean(tmp_path, page, words, text):
    """No rule says anything against what another one calls good."""
    findings = lint(tmp_path, page, words, text)
    assert [f for f in findings if f["level"] != "note"] == []


@pytest.mark.skipif(shutil.which("psql") is None, reason="no psql")
@pytest.mark.parametrize("page, words, text", all_blocks("bad", "good"))
def test_runs(database, page, words, text):
    script = given_of(page) + "\n" + DERIVED.sub("", text)
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", database.url],
                          input=script, capture_output=True, text=True, env=clean_environment())
    assert (done.returncode != 0) == ("fails" in words), done.stderr


def test_every_rule_has_a_page():
    assert {page.stem for page in PAGES} == set(levels())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_its_headings(page):
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.M) == ["Problem", "Safe way", "When to allow it"]
    assert run_sluice("lint", "--explain", page.stem).stdout == text
