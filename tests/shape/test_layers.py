"""The rules of tools/check-layers hold; and each of them can fail."""
import os
import pathlib
import subprocess
import shutil

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOL = ROOT / "tools/check-layers"


def run(*arguments):
    return subprocess.run([TOOL, *arguments], capture_output=True, text=True)


CHECKS = run("--list").stdout.split()


@pytest.mark.parametrize("check", CHECKS)
def test_holds(check):
    done = run(check)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def tree(tmp_path):
    """A small tree that keeps all rules; write(path, text) makes it break one."""
    files = {
        "src/meson.build": "rooms = [\n  ['base', [jansson]],\n  ['conf', [yaml]],\n"
                           "  ['ledger', []],\n]\n",
        "src/base/a.h": "/*\n * base/a.h - a.\n */\n#pragma once\n",
        "src/conf/b.h": "/*\n * conf/b.h - b.\n */\n#pragma once\n#include \"base/a.h\"\n",
        "src/base/fault.c": 'const char *const fault_points[] = {\n    "a-b",\n    NULL,\n};\n',
        "src/base/b.c": 'void\nb(void)\n{\n    FAULT_POINT("a-b");\n}\n',
        "src/cli/commands.def": "COMMAND(up_now)\n",
        "src/cli/meson.build": "cli_sources = files(\n  'cmd-up.c',\n)\n",
        "src/cli/cmd-up.c": 'const Command command_up_now = {\n    .group = "A",\n'
                            '    .name = "up now",\n};\n',
        "sql/ledger-1.sql": "CREATE TABLE sluice.step (id int);\n",
    }
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def findings(tree, check):
    done = run("--root", tree, check)
    assert done.returncode == (1 if done.stdout else 0), done.stderr
    return done.stdout


def test_small_tree_is_clean(tree):
    assert findings(tree, CHECKS[0]) == ""
    assert run("--root", tree).stdout == ""


def test_a_large_family_of_commands_has_more_files(tree):
    (tree / "src/cli/cmd-up.c").rename(tree / "src/cli/cmd-up-fast.c")
    (tree / "src/cli/meson.build").write_text("cli_sources = files(\n  'cmd-up-fast.c',\n)\n")
    assert findings(tree, "commands") == ""


LONG = "void\nf(void)\n{\n" + "    g();\n" * 90 + "}\n"
WIDE = "void\nf(int a, int b, int c, int d, int e, int f, int g, void (*h)(int, int), int i)\n{\n}\n"


@pytest.mark.parametrize("check, name, text, words", [
    ("includes", "src/base/x.c", '#include "conf/b.h"\n', "src/base/x.c:1: room 'base' may not"),
    ("includes", "src/base/x.c", '#include "a.h"\n', '"a.h" is not "room/module.h"'),
    ("includes", "src/new/x.c", "", "room 'new' is not in the table"),
    ("libraries", "src/ledger/x.c", "\n#include <yaml.h>\n", "src/ledger/x.c:2: <yaml.h> belongs"),
    ("libraries", "src/conf/x.c", "#include <libpq-fe.h>\n", "<libpq-fe.h> belongs"),
    ("ledger", "src/conf/x.c", 'run("DELETE FROM sluice.step");\n', "src/conf/x.c:1: SQL on"),
    ("sizes", "src/conf/x.c", "\n" * 601, "601 lines, more than 600"),
    ("sizes", "src/conf/x.c", LONG, "src/conf/x.c:2: f has 93 lines"),
    ("sizes", "src/conf/x.c", WIDE, "f has 9 parameters"),
    ("words", "src/conf/x.c", "/* TODO: later */\n", "TODO: write an issue"),
    ("words", "src/conf/x.c", "    goto out;\n", "goto"),
    ("headers", "src/conf/x.h", "#pragma once\n", "does not begin with"),
    ("headers", "src/conf/x.h", "/*\n * conf/x.h - x.\n */\nint x;\n", "has no `#pragma once`"),
    ("headers", "src/conf/x.h", "/*\n * conf/x.h - x.\n */\n#pragma once\nUnknown *x(void);\n",
     "src/conf/x.h:1: does not compile alone"),
    ("faults", "src/conf/x.c", 'FAULT_POINT("c-d");\n', "src/conf/x.c:1: fault point 'c-d' is not"),
    ("faults", "src/base/b.c", "", "fault point 'a-b' stands in no source"),
    ("commands", "src/cli/cmd-down.c", "", "src/cli/cmd-down.c:0: holds no command"),
    ("commands", "src/cli/commands.def", "COMMAND(up_now)\nCOMMAND(down)\n",
     "command_down is defined in no cmd-*.c"),
    ("commands", "src/cli/commands.def", "", "command 'up now' is not in commands.def"),
    ("commands", "src/cli/cmd-down.c", 'const Command command_up_now = {\n    .name = "up now",\n};\n',
     "src/cli/cmd-down.c:1: command 'up now' belongs into cmd-up.c"),
    ("state", "src/conf/x.c", "static int counter;\n", "'counter' is mutable"),
    ("state", "src/conf/x.c", "void\nf(void)\n{\n    static char *names[3] = {0};\n}\n",
     "'names' is mutable"),
])
def test_can_fail(tree, check, name, text, words):
    path = tree / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    assert words in findings(tree, check)


def test_too_many_modules(tree):
    for i in range(25):
        (tree / f"src/cli/cmd-{i}.c").write_text("")
    assert findings(tree, "sizes") == ""
    for i in range(19):
        (tree / f"src/base/m{i}.c").write_text("")
    assert "src/base:0: 22 modules, more than 20" in findings(tree, "sizes")


@pytest.mark.parametrize("text", [
    "static const char *const names[] = {NULL};\n",
    "static bool run(void);\n",
    "static const ArgSpec args[] = {\n    {NULL},\n};\n",
    "static int\nf(void)\n{\n    return 0;\n}\n",
])
def test_constants_are_no_state(tree, text):
    (tree / "src/conf/x.c").write_text(text)
    assert findings(tree, "state") == ""


def test_tree_of_git_has_no_build_products():
    """What is checked is what is committed."""
    if not shutil.which("git") or not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True,
                            check=True).stdout.split("\n")
    assert not [name for name in listed if name.endswith((".o", ".a", ".pyc", ".so"))]
    assert not [name for name in listed
                if name and not (ROOT / name).is_dir() and os.path.getsize(ROOT / name) > 1 << 20]


def test_every_room_has_unit_tests():
    rooms = [folder.name for folder in (ROOT / "src").iterdir() if folder.is_dir()]
    assert len(rooms) > 15
    without = [room for room in rooms if not list((ROOT / "tests/unit" / room).glob("test-*.c"))]
    assert without == []
