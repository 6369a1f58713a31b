"""The pages of docs/rules: what they call bad is found, what they call good is not; and all of it
is SQL that PostgreSQL runs."""
import json
import re
import shutil
import subprocess

import pytest

from conftest import ROOT, clean_environment, run_sluice

PAGES = sorted((ROOT / "docs/rules").glob("*.md"))
BLOCK = re.compile(r"^```sql ([a-z0-9 ]+)\n(.*?)^```$", re.M | re.S)
# What psql cannot run of a revision.
DERIVED = re.compile(r"^-- sluice: (sync|verify|downgrade|cutover undo)\b.*?(?=^-- sluice: |\Z)",
                     re.M | re.S)


def blocks(page, kind):
    """(fence's words, text) of the blocks of one kind."""
    return [(words.split(), text) for words, text in BLOCK.findall(page.read_text())
            if words.split()[0] == kind]


def given(page):
    return "".join(text for _, text in blocks(page, "given"))


def all_blocks(*kinds):
    return [pytest.param(page, words, text, id=f"{page.stem}-{words[0]}-{number}")
            for page in PAGES for kind in kinds
            for number, (words, text) in enumerate(blocks(page, kind))]


def lint(folder, page, words, text):
    """The findings of the block, on the schema of the page's given block."""
    seed, file = folder / "given.sql", folder / "block.sql"
    seed.write_text(given(page))
    file.write_text(text)
    rules = json.loads(run_sluice("lint", "--list-rules", "--format", "json").stdout)["rules"]
    is_off = {rule["rule"]: rule["level"] for rule in rules}[page.stem] == "off"
    options = ["-o", f"lint.rules={{{page.stem}: warning}}"] if is_off else []
    if "server" in words:  # "bad server 10"
        options += ["-o", f"lint.server_version={words[words.index('server') + 1]}"]
    result = run_sluice("lint", *options, "--format", "json", "--seed", seed, file, cwd=folder)
    assert result.returncode in (0, 9), result
    return result.json["findings"]


@pytest.mark.parametrize("page, words, text", all_blocks("bad"))
def test_bad_is_found(tmp_path, page, words, text):
    assert page.stem in {finding["rule"] for finding in lint(tmp_path, page, words, text)}


@pytest.mark.parametrize("page, words, text", all_blocks("good"))
def test_good_is_clean(tmp_path, page, words, text):
    findings = lint(tmp_path, page, words, text)
    assert [f for f in findings if f["rule"] == page.stem and f["level"] != "note"] == []
    assert [f for f in findings if f["level"] == "error" and f["certainty"] == "certain"] == []


@pytest.mark.skipif(shutil.which("psql") is None, reason="no psql")
@pytest.mark.parametrize("page, words, text", all_blocks("bad", "good"))
def test_runs(database, page, words, text):
    script = given(page) + "\n" + DERIVED.sub("", text)
    done = subprocess.run(["psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", database.url],
                          input=script, capture_output=True, text=True, env=clean_environment())
    assert (done.returncode != 0) == ("fails" in words), done.stderr


def test_every_rule_has_a_page():
    rules = run_sluice("lint", "--list-rules", "--format", "json").json["rules"]
    assert {page.stem for page in PAGES} == {rule["rule"] for rule in rules}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_page_has_its_headings(page):
    text = page.read_text()
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.M) == ["Problem", "Safe way", "When to allow it"]
    assert run_sluice("lint", "--explain", page.stem).stdout == text
