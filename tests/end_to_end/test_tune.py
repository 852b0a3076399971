"""The sweep on the real embedded Triton, killed in the middle."""

import json
import signal
import subprocess
import time
from pathlib import Path

import psutil
import pytest
from PIL import Image

from tests.end_to_end.service import CLEARBG, environment

COMMAND = [
    str(CLEARBG),
    *("tune", "--out", "out", "--knob", "queue delay", "--rounds", "0"),
    *("--concurrency", "2", "--warmup-s", "0", "--seconds", "1"),
]
"""The default and two delays, each for a second; nothing is repeated."""
PATIENCE_S = 900


def test_a_killed_sweep_resumes_where_it_stopped(tmp_path: Path) -> None:
    journal = tmp_path / "out" / "points.jsonl"
    env = environment(tmp_path / "var")
    with subprocess.Popen(COMMAND, env=env, cwd=tmp_path) as first:
        _until_lines(journal, 2, first)
        children = psutil.Process(first.pid).children(recursive=True)
        first.send_signal(signal.SIGKILL)
    assert psutil.wait_procs(children, timeout=300)[1] == [], "nothing goes on without it"
    before = journal.read_text().splitlines()[:2]
    done = subprocess.run(
        COMMAND, env=env, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_S
    )
    assert done.returncode == 0, done.stderr
    lines = journal.read_text().splitlines()
    assert lines[:2] == before
    assert f"{len(before) - 1} measurements were reused" in done.stdout
    points = [json.loads(line) for line in lines[1:]]
    assert [point["config"]["queue_delay_us"] for point in points] == [0, 5000, 50000]
    assert all(sum(point["measurement"]["batches"].values()) for point in points), "by Triton"
    assert "Recommended: the default" in done.stdout
    assert "queue_delay_us=50000" in done.stdout
    assert "max_queue_delay_microseconds: 0" in (tmp_path / "out/recommended.env").read_text()
    with Image.open(tmp_path / "out" / "tune.png") as picture:
        assert picture.format == "PNG"


def _until_lines(path: Path, count: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline and process.poll() is None:
        if path.exists() and len(path.read_text().splitlines()) >= count:
            return
        time.sleep(0.05)
    pytest.fail("the sweep did not get so far")
