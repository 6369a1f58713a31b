"""`sluice lint` on what is far too large: told, or linted, in 2 GB of address space, and soon.

AddressSanitizer reserves terabytes: a build with it gets no limit, and a tenth of the size; what is
too much for none smaller is for the plain build beside it.
"""
import json
import pathlib
import random
import resource
import subprocess

import pytest

from conftest import ROOT, SLUICE, clean_environment

LIMIT = 2 << 30
SANITIZED = b"__asan_init" in pathlib.Path(SLUICE).read_bytes()
PLAIN = ROOT / "build/src/sluice" if SANITIZED else pathlib.Path(SLUICE)
SHARE = 10 if SANITIZED else 1
GARBAGE = (64 << 20) // SHARE
STATEMENTS = 100_000 // SHARE
ONE_STATEMENT = (10 << 20) // SHARE

# Ten kinds in turn; {t} is the table that the last CREATE TABLE made.
KINDS = [
    "CREATE TABLE t{i} (id bigint PRIMARY KEY, name text NOT NULL, o bigint REFERENCES t{t} (id));",
    "CREATE INDEX i{i} ON t{t} (name);",
    "ALTER TABLE t{t} ADD COLUMN c{i} int DEFAULT 0;",
    "UPDATE t{t} SET name = 'x' WHERE id = {i};",
    "COMMENT ON TABLE t{t} IS 'comment {i}';",
    "INSERT INTO t{t} (id, name) VALUES ({i}, 'n');",
    "CREATE VIEW v{i} AS SELECT id, name FROM t{t};",
    "GRANT SELECT ON t{t} TO app;",
    "ALTER TABLE t{t} ADD CONSTRAINT k{i} CHECK (id > 0) NOT VALID;",
    "ALTER TABLE t{t} VALIDATE CONSTRAINT k{k};",
]


def limit_memory():
    resource.setrlimit(resource.RLIMIT_AS, (LIMIT, LIMIT))


def lint(tmp_path, text, sluice=SLUICE):
    """Exit status and JSON of a run over one file."""
    path = tmp_path / "large.sql"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    done = subprocess.run([sluice, "lint", "--format", "json", path.name], cwd=tmp_path,
                          env=clean_environment(), capture_output=True, timeout=300,
                          preexec_fn=None if SANITIZED and sluice == SLUICE else limit_memory)
    assert done.returncode in (0, 9), done.stderr[-500:]
    return done.returncode, json.loads(done.stdout)


def bytes_of(letters, size):
    """A random block of them, again and again."""
    block = bytes(random.Random(5).choices(letters, k=1 << 20))
    return (block * (size // len(block) + 1))[:size]


@pytest.mark.parametrize("text", [
    pytest.param(lambda: bytes_of(range(1, 256), GARBAGE), id="bytes"),
    pytest.param(lambda: bytes_of(range(1, 128), GARBAGE), id="letters"),
    pytest.param(lambda: b"x;" * (GARBAGE // 2), id="statements"),
    pytest.param(lambda: b"(" * ONE_STATEMENT, id="parentheses"),
    pytest.param(lambda: b"SELECT 1" + b"+1" * (ONE_STATEMENT // 2), id="operands"),
])
def test_garbage(tmp_path, text):
    status, result = lint(tmp_path, text())
    found = {finding["rule"] for finding in result["findings"]}
    assert status == 9 and "parse-error" in found
    assert len(result["findings"]) < 50_100


def test_larger_than_can_be_read(tmp_path):
    path = tmp_path / "large.sql"
    with path.open("wb") as file:
        file.truncate((64 << 20) + 1)
    done = subprocess.run([SLUICE, "lint", "--format", "json", path], env=clean_environment(),
                          capture_output=True, cwd=tmp_path, check=False)
    assert done.returncode == 9
    assert "larger than 64 MB" in json.loads(done.stdout)["findings"][0]["message"]


def test_many_statements(tmp_path):
    lines, table = ["CREATE TABLE t0 (id bigint PRIMARY KEY, name text);"], 0
    for i in range(STATEMENTS - 1):
        lines.append(KINDS[i % 10].format(i=i, t=table, k=i - 1))
        table = i if i % 10 == 0 else table
    status, result = lint(tmp_path, "\n".join(lines))
    assert result["statements"] == STATEMENTS
    assert "parse-error" not in {finding["rule"] for finding in result["findings"]}


def test_one_statement(tmp_path):
    row = "(1, 'some text of a row')"
    rows = ",\n".join([row] * (ONE_STATEMENT // (len(row) + 2)))
    status, result = lint(tmp_path, f"INSERT INTO t (a, b) VALUES\n{rows};\nVACUUM FULL t;\n")
    assert result["statements"] == 2
    assert result["findings"][-1]["line"] > 300_000 // SHARE


def again(piece, size=64 << 20):
    return piece * (size // len(piece))


@pytest.mark.skipif(not PLAIN.exists(), reason="needs a build without sanitizers")
@pytest.mark.parametrize("text", [
    pytest.param(lambda: again("SELECT 1;\n"), id="statements"),
    pytest.param(lambda: again("INSERT INTO t VALUES " + "(1), " * 100_000 + "(1);\n"), id="rows"),
    pytest.param(lambda: again(f"CREATE TABLE t ({', '.join(f'a{i} int' for i in range(1000))});\n"), id="columns"),
])
def test_more_than_is_borne(tmp_path, text):
    """What is looked at, is; the rest is told."""
    status, result = lint(tmp_path, text(), sluice=PLAIN)
    assert status == 9 and result["statements"] >= 5
    assert "too large" in result["findings"][-1]["message"]
    assert result["findings"][-1]["rule"] == "parse-error"


@pytest.mark.parametrize("name", ["t", "t{i}"])
def test_many_renames_in_one_transaction(tmp_path, name):
    """Memory does not grow with the square of them: 10,000 took 4 GB."""
    renames = "".join(f"ALTER TABLE {name.format(i=i)} RENAME COLUMN a{i} TO b{i};\n"
                      for i in range(10_000 // SHARE))
    status, result = lint(tmp_path, f"BEGIN;\n{renames}COMMIT;\n")
    assert status == 9 and result["statements"] == 10_000 // SHARE + 2


def test_many_columns(tmp_path):
    columns = ", ".join(f"column_number_{i} text" for i in range(ONE_STATEMENT // 40))
    status, result = lint(tmp_path, f"CREATE TABLE t ({columns});")
    assert result["statements"] == 1
