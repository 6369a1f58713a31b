"""Fixtures of the crash tests: those of the system tests, with a sluice that kills itself at the
fault point which SLUICE_FAULT names.

The binary is the one of SLUICE, or that of the build folder SLUICE_FAULTY; without either,
build-fault is built once.
"""
import fcntl
import importlib.util
import os
import pathlib
import signal
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]


def build_faulty(folder):
    """Builds with fault points; of several test processes one does it, the others wait."""
    with open(ROOT / ".build-fault.lock", "w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "build.ninja").exists():
            subprocess.run(["meson", "setup", str(folder), "-Dfault_points=true"], cwd=ROOT,
                           check=True, stdout=subprocess.DEVNULL)
        subprocess.run(["ninja", "-C", str(folder), "src/sluice"], cwd=ROOT, check=True,
                       stdout=subprocess.DEVNULL)


if "SLUICE" not in os.environ:
    faulty = pathlib.Path(os.environ.get("SLUICE_FAULTY", ROOT / "build-fault"))
    if "SLUICE_FAULTY" not in os.environ:
        build_faulty(faulty)
    os.environ["SLUICE"] = str(faulty / "src/sluice")

spec = importlib.util.spec_from_file_location("system_fixtures", ROOT / "tests/system/conftest.py")
system = importlib.util.module_from_spec(spec)
spec.loader.exec_module(system)

# What pytest looks for here, and what the tests import.
server, own_server, database, project, replica = (
    system.server, system.own_server, system.database, system.project, system.replica)
Database, Project, Server, wait_until, run_sluice, free_port = (
    system.Database, system.Project, system.Server, system.wait_until, system.run_sluice,
    system.free_port)


def fault_points(room):
    """The names of a room's points, in the order of the table."""
    result = run_sluice("debug", "fault-points")
    assert result.returncode == 0, result
    names = [name for name in result.stdout.split() if name.startswith(room + "-")]
    assert names, "sluice was built without fault points, or the room has none"
    return names


def run_to_fault(project_, point, *args, env=None):
    """Runs sluice, which must die at the point ("name" or "name:N"). False if it never came there;
    then it has succeeded."""
    result = project_.run(*args, env={**(env or {}), "SLUICE_FAULT": point})
    if result.returncode == -signal.SIGKILL:
        return True
    assert result.returncode == 0, result
    return False
