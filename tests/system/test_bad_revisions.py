"""Revision files that cannot be right: `upgrade` says what, where and what to do, and touches nothing."""
import pytest

FIRST = "aaaaaaaaaaa1"
SECOND = "aaaaaaaaaaa2"

USERS = "-- sluice: expand\nCREATE TABLE users (id int PRIMARY KEY, full_name text NOT NULL);\n"
ADD = "-- sluice: expand\nALTER TABLE users ADD COLUMN display_name text;\n"
MAPPING = "-- sluice: sync users\nSELECT full_name AS display_name;\n"

# name: body of the second file (its line 6 is the body's first), status, place, words, next step
BAD = {
    "syntax error": ("-- sluice: expand\nALTER TABEL users ADD c int;\n", 5, ":7:7: ",
                     'syntax error at or near "TABEL"', None),
    "unknown section": ("-- sluice: expnad\nSELECT 1;\n", 3, ":6:1: ", "unknown section 'expnad'",
                        "-- sluice: expand"),
    "section twice": (ADD + ADD, 3, ":8:1: ", "a second section 'expand'", "line 6"),
    "text before": ("SELECT 1;\n" + ADD, 3, ":6:1: ", "text before the first section",
                    "-- sluice: expand"),
    "endless string": ("-- sluice: expand\nSELECT 'x;\n-- sluice: downgrade\nSELECT 1;\n", 3, ":7:8: ",
                       "this string never ends", None),
    "expand drops a column": ("-- sluice: expand\nALTER TABLE users DROP COLUMN full_name;\n", 9,
                              ":7:1: ", "drops column full_name of users", "Move it to contract"),
    "expand changes a type": ("-- sluice: expand\n\nALTER TABLE users ALTER id TYPE bigint;\n", 9,
                              ":8:1: ", "changes the type of column id", "Move it to contract"),
    "BEGIN": ("-- sluice: expand\nBEGIN;\n", 9, ":7:1: ", "BEGIN is not allowed", "Remove it"),
    "backfill without WHERE": (ADD + "-- sluice: backfill\nUPDATE users SET display_name = full_name;\n",
                               5, ":9:1: ", "has no WHERE",
                               "`WHERE display_name IS NULL AND full_name IS NOT NULL`"),
    "backfill that never ends": (
        ADD + "-- sluice: backfill\nUPDATE users SET display_name = full_name\n WHERE id > 0;\n", 5,
        ":10:2: ", "never end", "AND display_name IS DISTINCT FROM full_name"),
    "mapping onto NOT NULL": (
        "-- sluice: expand\nALTER TABLE users ADD COLUMN display_name text NOT NULL DEFAULT 'x';\n"
        + MAPPING, 9, ":7:1: ", "cannot have NOT NULL or a default", "Add it bare"),
    "mapping onto a default": (
        "-- sluice: expand\nALTER TABLE users ADD COLUMN display_name text DEFAULT 'x';\n" + MAPPING,
        9, ":7:1: ", "cannot have NOT NULL or a default", "Add it bare"),
    "mapping with a subquery": (ADD + "-- sluice: sync users\nSELECT (SELECT 'x') AS display_name;\n",
                                5, ":9:8: ", "a subquery", None),
    "mapping without a way back": (
        ADD + "-- sluice: sync users\nSELECT lower(full_name) AS display_name;\n", 3, ":8:1: ",
        "cannot be derived", "-- sluice: sync users reverse"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_section(name, project, database):
    body, status, place, words, hint = BAD[name]
    project.revision(FIRST, USERS)
    path = project.revision(SECOND, body, revises=FIRST)

    result = project.fails(status, "upgrade")
    assert path.name + place in result.stderr, result
    assert words in result.stderr, result
    if hint:
        assert hint in result.stderr, result
    assert database.value("SELECT to_regclass('users')") is None, "the first one ran"


def write(project, name, text):
    (project.migrations / name).write_bytes(text.encode() if isinstance(text, str) else text)


# name: files, status, words
BAD_FOLDERS = {
    "missing parent": ({"a.sql": "-- Revision: a\n-- Revises: nobody\n"}, 3,
                       ["'nobody', which no file holds", "a.sql"]),
    "cycle": ({"a.sql": "-- Revision: a\n-- Revises: b\n", "b.sql": "-- Revision: b\n-- Revises: a\n"},
              3, ["cycle", "a.sql", "b.sql"]),
    "one id twice": ({"a.sql": "-- Revision: a\n", "b.sql": "-- Revision: a\n"}, 3,
                     ["stands in two files", "a.sql", "b.sql"]),
    "no header": ({"a.sql": "CREATE TABLE x (a int);\n"}, 3, ["a.sql:1:1", "-- Revision:"]),
    "misspelt header": ({"a.sql": "-- Revision: a\n-- Revizes: b\n"}, 3, ["a.sql:2:4", "'Revises'"]),
    "not text": ({"a.sql": b"\x7fELF\0\0"}, 3, ["a.sql", "NUL"]),
    "not UTF-8": ({"a.sql": b"-- Revision: a\n-- Title: caf\xe9\n"}, 3, ["a.sql:2:14", "UTF-8"]),
    "empty file": ({"a.sql": ""}, 3, ["a.sql:1:1", "-- Revision:"]),
}


@pytest.mark.parametrize("name", BAD_FOLDERS)
def test_a_bad_folder(name, project, database):
    files, status, words = BAD_FOLDERS[name]
    for file, text in files.items():
        write(project, file, text)

    result = project.fails(status, "upgrade")
    for word in words:
        assert word in result.stderr, result
    assert database.value("SELECT to_regnamespace('sluice')") is None, result


def test_windows_files_are_read(project, database):
    """A byte order mark, CRLF, and no newline at the end."""
    text = ("\ufeff-- Revision: a1\r\n-- Title: made elsewhere\r\n\r\n-- sluice: expand\r\n"
            "CREATE TABLE users (id int);\r\n-- sluice: downgrade\r\nDROP TABLE users")
    write(project, "a.sql", text)
    project.ok("upgrade")
    assert database.value("SELECT title FROM sluice.revision") == "made elsewhere"
    project.ok("downgrade", "base")
    assert database.value("SELECT to_regclass('users')") is None
