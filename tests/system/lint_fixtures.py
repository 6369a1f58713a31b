"""The labelled cases of tests/data/lint/labelled: small plain files, each with what lint has to say.

A case begins with its label, `-- hazard RULE`, `-- possible RULE` (to be found, but not as certain)
or `-- safe`, a comment behind a colon; then come, in lines of their own, `-- seeded` (lint is given
the schema too), `-- runner NAME`, `-- fails` (the server refuses it). `-- safe, breaks RULE` allows
a certain finding of that one rule: it is safe but for what it names.
"""
import dataclasses
import functools
import pathlib
import re

from conftest import run_sluice

FOLDER = pathlib.Path(__file__).resolve().parents[1] / "data/lint/labelled"
GIVEN = FOLDER / "given.sql"
LABEL = re.compile(r"^-- (hazard|possible|safe)(?:, breaks ([\w-]+)| ([\w-]+))?(?::.*)?$")


@dataclasses.dataclass
class Case:
    name: str
    label: str
    rule: str
    allowed: str
    text: str
    seeded: bool
    runner: str
    fails: bool


def read_case(name, match, lines):
    label, allowed, rule = match.groups()
    seeded = fails = False
    runner = "psql"
    while lines and (option := re.match(r"-- (seeded|fails|runner)\b:? ?(\w*)", lines[0])):
        seeded |= option[1] == "seeded"
        fails |= option[1] == "fails"
        runner = option[2] if option[1] == "runner" else runner
        lines.pop(0)
    return Case(name, label, rule, allowed, "\n".join(lines).strip() + "\n", seeded, runner, fails)


def cases_of(path):
    lines = path.read_text().splitlines()
    begins = [(i, LABEL.match(line)) for i, line in enumerate(lines) if LABEL.match(line)]
    assert begins and begins[0][0] == 0, f"{path}: text before the first label"
    ends = [i for i, _ in begins[1:]] + [len(lines)]
    return [read_case(f"{path.stem}-{i + 1}", match, lines[i + 1:end])
            for (i, match), end in zip(begins, ends)]


def read_cases():
    """All cases; a name is the file's and the label's line."""
    return [case for path in sorted(FOLDER.glob("*.sql")) if path != GIVEN
            for case in cases_of(path)]


PAGES = sorted((pathlib.Path(__file__).resolve().parents[2] / "docs/rules").glob("*.md"))
BLOCK = re.compile(r"^```sql ([a-z0-9 ]+)\n(.*?)^```$", re.M | re.S)
# What psql cannot run of a revision.
DERIVED = re.compile(r"^-- sluice: (sync|verify|downgrade|cutover undo)\b.*?(?=^-- sluice: |\Z)",
                     re.M | re.S)


def blocks(page, kind):
    """(fence's words, text) of a page's blocks of one kind."""
    return [(words.split(), text) for words, text in BLOCK.findall(page.read_text())
            if words.split()[0] == kind]


def given_of(page):
    return "".join(text for _, text in blocks(page, "given"))


@functools.cache
def levels():
    """Rule -> its level by default."""
    rules = run_sluice("lint", "--list-rules", "--format", "json").json["rules"]
    return {rule["rule"]: rule["level"] for rule in rules}


def options_of(page, words=()):
    """Options that a block of the page is linted with: its rule is on; `bad server 10`."""
    options = []
    if levels()[page.stem] == "off":
        options += ["-o", f"lint.rules={{{page.stem}: warning}}"]
    if "server" in words:
        options += ["-o", f"lint.server_version={words[words.index('server') + 1]}"]
    return options


def lint_files(folder, texts, *options):
    """The findings of each file, name -> text, of one run."""
    for name, text in texts.items():
        (folder / name).write_text(text)
    done = run_sluice("lint", "--format", "json", *options, *texts, cwd=folder)
    assert done.returncode in (0, 9), done
    found = {name: [] for name in texts}
    for finding in done.json["findings"]:
        found[finding["file"]].append(finding)
    return found


# What holds a semicolon, or says nothing.
TOKEN = re.compile(r"'(?:[^']|'')*'|\"[^\"]*\"|\$(\w*)\$.*?\$\1\$|--[^\n]*|/\*.*?\*/|;|[^'\"$/;-]+|.",
                   re.S)


def statements(text):
    """(statement without comments, start, end) of each, in order."""
    found, words, start = [], "", None
    for token in TOKEN.finditer(text):
        word = token.group()
        if word == ";":
            if words.strip():
                found.append((words.strip(), start, token.start()))
            words, start = "", None
        elif not word.startswith(("--", "/*")):
            if start is None and word.strip():
                start = token.start() + len(word) - len(word.lstrip())
            words += word
    if words.strip():
        found.append((words.strip(), start, len(text)))
    return found
