"""The tour of README.md, word for word."""
import os
import pathlib
import re
import subprocess
import tempfile

from conftest import SLUICE

README = pathlib.Path(__file__).resolve().parents[2] / "README.md"


def tour():
    text = README.read_text().split("## A tour in five minutes", 1)[1]
    return "\n".join(re.findall(r"^```sh\n(.*?)^```$", text, re.S | re.M))


def test_tour():
    with tempfile.TemporaryDirectory(prefix="sluice-tour-", dir="/tmp") as name:
        root = pathlib.Path(name)
        root.chmod(0o755)
        for folder in ("home", "tour", "bin", "tmp"):
            (root / folder).mkdir(mode=0o755)
        (root / "bin/sluice").symlink_to(SLUICE)
        env = {**os.environ, "HOME": str(root / "home"), "TMPDIR": str(root / "tmp"),
               "PATH": f"{root}/bin:{os.environ['PATH']}"}
        for variable in ("DATABASE_URL", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
            env.pop(variable, None)
        try:
            follow(env, root / "tour")
        finally:
            subprocess.run([SLUICE, "dev", "stop"], env=env, capture_output=True)


def follow(env, folder):
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", tour()], cwd=folder, env=env,
                          capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 of 300,002 rows differ" in done.stdout
    assert "contracted" in done.stdout
    written = re.findall(r"\d+ \| (.*?) *\| (.*)", done.stdout)
    assert ("written by the old app", "written by the old app") in written
    assert ("written by the new app", "written by the new app") in written
