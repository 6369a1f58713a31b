"""The foretold locks and work of 384 forms of DDL against what servers did (tests/data/locks/matrix).

measured.tsv holds what PostgreSQL 14 to 18 did; `sluice debug predict` must say the same, row by
row, or exceptions.tsv says why not. The server of this machine is measured anew each time.
"""
import csv
import importlib.machinery
import importlib.util
import os
import subprocess

import pytest

from conftest import ROOT, clean_environment, run_sluice

MATRIX = ROOT / "tests/data/locks/matrix"
TOOL = ROOT / "tools/measure-locks"
MAJORS = (14, 15, 16, 17, 18)


def load_tool():
    loader = importlib.machinery.SourceFileLoader("measure_locks", str(TOOL))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(loader.name, loader))
    loader.exec_module(module)
    return module


tool = load_tool()


def read_exceptions():
    """{(form, aspect): reason}"""
    with (MATRIX / "exceptions.tsv").open(newline="") as file:
        return {(row["form"], row["aspect"]): row["reason"]
                for row in csv.DictReader(file, delimiter="\t")}


def statements_of(given, statement):
    """What is given runs and is committed, then the form's transaction begins."""
    return "".join(f"{sql}\n" for sql in given) + f"BEGIN;\n{statement}\n"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """{path: form}"""
    folder = tmp_path_factory.mktemp("forms")
    found = {}
    for form, given, statement in tool.read_forms():
        path = folder / f"{form}.sql"
        path.write_text(statements_of(given, statement))
        found[str(path)] = form, len(given) + 1
    return found


def foretold(files, major):
    """{form: (locks, works, failure)} of the form's own statements."""
    result = run_sluice("debug", "predict", "--seed", MATRIX / "schema.sql", "--server-version",
                        major, "--format", "json", *files)
    assert result.returncode == 0, result
    found = {}
    for path, statements in result.json.items():
        form, before = files[path]
        found[form] = statements[before:]
    return found


def bare(name):
    return name.removeprefix("public.")


def foretold_facts(statements):
    """What is foretold of what was there before, in the terms of measured.tsv."""
    locks, works, maybe, tables = {}, {}, set(), {}
    failure, unknown = None, False
    for statement in statements:
        unknown |= statement["unknown"]
        failure = failure or statement["failure"]
        for lock in statement["locks"]:
            if not lock["new"]:
                name = bare(lock["relation"])
                rank = tool.NAMES.index(lock["lock"])
                locks[name] = max(rank, locks.get(name, 0))
                tables[name] = not lock["index"]
        for work in statement["works"]:
            if work["new"]:
                continue
            works.setdefault(work["work"], set()).add(bare(work["relation"]))
            if not work["certain"]:
                maybe.add(bare(work["relation"]))
    return {"locks": locks, "rewritten": works.get("rewrite", set()),
            "built": works.get("build", set()) - works.get("rewrite", set()),
            "scanned": set().union(*works.values()), "maybe": maybe, "failure": failure,
            "unknown": unknown}


def measured_facts(facts):
    locks = dict(lock.split("=") for lock in facts["locks"].split("; ") if lock)
    return {"locks": {name: tool.NAMES.index(mode) for name, mode in locks.items()},
            "rewritten": set(facts["rewritten"].split()), "built": set(facts["built"].split()),
            "scanned": set(facts["scanned"].split()), "failure": facts["error"]}


def index_owners():
    """{index: table}: an index under an equal lock of its table is not measured."""
    owners = {"mv_id": "mv", "npi": "nopk", "x": "pt", "x1": "pt1", "te": "t", "td": "t",
              "tci": "t", "t_d": "t"}
    return owners | {f"t_{name}": "t" for name in ("a", "b", "c", "nn", "pkey")}


def differences(told, took):
    """[(aspect, text)]"""
    if took["failure"]:
        return []  # what the server refuses, it locks nothing for; see test_refusals
    found = []
    owners = index_owners()
    locks = {name: rank for name, rank in told["locks"].items()
             if name not in owners or told["locks"].get(owners[name], -1) < rank}
    if told["unknown"]:
        found.append(("unknown", f"took {named(took['locks'])}"))
    elif locks != took["locks"]:
        found.append(("locks", f"took {named(took['locks'])}, foretold {named(locks)}"))
    if told["failure"]:
        found.append(("refused", told["failure"]))
    for aspect in ("rewritten", "built", "scanned"):
        if told[aspect] - told["maybe"] != took[aspect] - told["maybe"]:
            found.append((aspect, f"did {sorted(took[aspect])}, foretold {sorted(told[aspect])}"))
    if told["maybe"]:
        found.append(("possible", f"of {sorted(told['maybe'])} only"))
    return found


def named(locks):
    return {name: tool.NAMES[rank] for name, rank in sorted(locks.items())}


@pytest.mark.parametrize("major", MAJORS)
def test_prediction(files, major):
    """Strongest lock on each relation, rewrites, scans, builds: as measured, form by form."""
    measured = tool.read_measured()
    exceptions = read_exceptions()
    wrong = []
    for form, statements in foretold(files, major).items():
        told = foretold_facts(statements)
        took = measured_facts(measured[form, major])
        for aspect, text in differences(told, took):
            if (form, aspect) not in exceptions:
                wrong.append(f"{form}: {aspect}: {text}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_exceptions_are_needed(files):
    """A row of exceptions.tsv on which all majors agree is to be struck out."""
    measured = tool.read_measured()
    used = {(form, aspect) for major in MAJORS
            for form, statements in foretold(files, major).items()
            for aspect, _ in differences(foretold_facts(statements),
                                         measured_facts(measured[form, major]))}
    listed = {key for key in read_exceptions() if key[1] != "accepted"}
    assert listed <= used, sorted(listed - used)


def test_refusals(files):
    """What the server refuses and we do not foretell is listed with the reason."""
    measured = tool.read_measured()
    exceptions = read_exceptions()
    wrong = []
    for form, statements in foretold(files, 15).items():
        refused = bool(measured[form, 15]["error"])
        told = foretold_facts(statements)["failure"]
        accepted = (form, "accepted") in exceptions
        if (refused and not told) != accepted:
            wrong.append(f"{form}: {measured[form, 15]['error']}, foretold {told}")
    assert not wrong, "\n" + "\n".join(wrong)


def test_measured(server):
    """The server of this machine still does what measured.tsv says."""
    major = int(server.info["version"].split(".")[0])
    if major not in MAJORS:
        pytest.skip(f"PostgreSQL {major} was never measured")
    done = subprocess.run([str(TOOL), "--check"], capture_output=True, text=True, timeout=120,
                          env=clean_environment() | {"SLUICE_TEST_DATABASE": server.socket_url})
    assert done.returncode == 0, done.stdout + done.stderr
