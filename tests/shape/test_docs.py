"""The pages that are made from the tables are in step with them."""
import os
import pathlib
import shutil
import subprocess

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
SLUICE = os.environ.get("SLUICE", str(ROOT / "build/src/sluice"))


def sluice(*arguments):
    return subprocess.run([SLUICE, *arguments], capture_output=True, text=True, check=True,
                          cwd="/").stdout


@pytest.mark.parametrize("page", ["cli", "configuration"])
def test_page_is_in_step(page):
    kept = (ROOT / f"docs/{page}.md").read_text()
    assert kept == sluice("docs", page), "run tools/make-docs"


def test_man_page_is_roff():
    text = sluice("docs", "man")
    assert text.startswith('.\\"')
    assert ".SH COMMANDS" in text
    if shutil.which("groff"):
        done = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=text,
                              capture_output=True, text=True)
        assert done.stderr == ""


def bash_completes(script, *words):
    """What bash offers for the last of @words."""
    quoted = " ".join(f"'{word}'" for word in words)
    program = (f"{script}\nCOMP_WORDS=({quoted})\nCOMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))\n"
               "_sluice_words\nprintf '%s\\n' \"${COMPREPLY[@]}\"")
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True,
                          check=True).stdout.split()


def test_bash_completion():
    script = sluice("completion", "bash")
    assert bash_completes(script, "sluice", "hist") == ["history"]
    assert bash_completes(script, "sluice", "dev", "st") == ["start", "stop"]
    assert bash_completes(script, "sluice", "completion", "") == ["bash", "fish", "zsh"]
    assert bash_completes(script, "sluice", "-o", "lock.st") == ["lock.stall_budget="]
    assert bash_completes(script, "sluice", "revision", "--mes") == ["--message"]
    assert bash_completes(script, "sluice", "-C", "x", "revision", "--rev-") == ["--rev-id"]
    assert bash_completes(script, "sluice", "heads", "--format", "j") == ["json"]
    assert "debug" not in bash_completes(script, "sluice", "")


@pytest.mark.parametrize("shell, check", [("zsh", ["zsh", "-n"]), ("fish", ["fish", "-n"])])
def test_other_shells_read_theirs(shell, check):
    if not shutil.which(shell):
        pytest.skip(f"no {shell}")
    done = subprocess.run([*check, "/dev/stdin"], input=sluice("completion", shell),
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
