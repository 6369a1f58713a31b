"""The labelled cases of tests/data/lint/labelled: small plain files, each with what lint has to say.

A case begins with its label, `-- hazard RULE`, `-- possible RULE` (to be found, but not as certain)
or `-- safe`, a comment behind a colon; then come, in lines of their own, `-- seeded` (lint is given
the schema too), `-- runner NAME`, `-- fails` (the server refuses it). `-- safe, breaks RULE` allows
a certain finding of that one rule: it is safe but for what it names.
"""
import dataclasses
import pathlib
import re

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
