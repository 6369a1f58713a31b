"""The driver of the demo: what it shows without sluice, and that it leaves nothing behind."""
import json
import pathlib
import re
import signal
import socket
import subprocess

from conftest import SLUICE, clean_environment

PROGRAM = pathlib.Path(SLUICE).resolve().parents[1] / "examples/notes/demo"


def start(folder, *options):
    return subprocess.Popen([PROGRAM, "--folder", folder, *options], text=True,
                            env=clean_environment(), stdin=subprocess.DEVNULL,
                            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


def assert_gone(output):
    """Its private folder, and with it the servers; and the router."""
    assert not pathlib.Path(re.search(r"replica in (\S+)", output)[1]).exists()
    with socket.socket() as probe:
        port = int(re.search(r"127\.0\.0\.1:(\d+)/", output)[1])
        assert probe.connect_ex(("127.0.0.1", port)) != 0


def test_the_usual_way_fails(tmp_path):
    demo = start(tmp_path, "--naive")
    output = demo.communicate(timeout=180)[0]
    assert demo.returncode == 0, output
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["failed"] > 0 and report["longest_table_wait_ms"] > 1000
    assert any("full_name" in reason and "42703" in reason for reason in report["reasons"])
    assert (report["wrong_reads"], report["lost_writes"]) == (0, 0)
    assert {"name", "seconds", "p50_ms", "p99_ms", "max_ms"} <= report["steps"][0].keys()
    assert_gone(output)


def test_an_interrupted_demo_cleans_up(tmp_path):
    demo = start(tmp_path, "--naive")
    output = ""
    for line in demo.stdout:
        output += line
        if "requests so far" in line:
            demo.send_signal(signal.SIGINT)
            break
    output += demo.communicate(timeout=60)[0]
    assert demo.returncode == 130, output
    assert_gone(output)
