"""Starts the real service, as a user does, with the real model."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from loadtest.ports import free_port

ROOT = Path(__file__).parents[2]
CLEARBG = Path(sys.executable).with_name("clearbg")
START_TIMEOUT_S = 300
TIMEOUT_S = 120


@dataclass
class Service:
    """A running service."""

    process: subprocess.Popen[str]
    url: str
    grpc_url: str
    operations_url: str
    api_key: str
    curl: str
    """The line that it prints to be pasted."""
    log: Path

    def metric(self, name: str, label: str = "") -> float:
        """The sum of a metric's series, of those that have this text in their labels."""
        text = httpx.get(f"{self.operations_url}/metrics").text
        found = re.findall(rf"^{name}({{.*}})? (\S+)$", text, re.M)
        return sum(float(value) for labels, value in found if label in labels)


def environment(data_dir: Path, **settings: object) -> dict[str, str]:
    """This environment with the settings of one test.

    By default each image is segmented, also one that came before, and a busy machine takes its
    time.
    """
    ours = {"DATA_DIR": data_dir, "REQUEST_TIMEOUT_S": TIMEOUT_S, "MASK_CACHE_MB": 0, **settings}
    ours = {name.upper(): value for name, value in ours.items()}
    return os.environ | {f"CLEARBG_{name}": str(value) for name, value in ours.items()}


@contextmanager
def running(data_dir: Path, **settings: object) -> Iterator[Service]:
    """Run `clearbg serve --welcome` until the block ends."""
    ports = {name: free_port() for name in ("http_port", "grpc_port", "operations_port")}
    ports |= {name: int(str(settings.pop(name))) for name in ports if name in settings}
    log = data_dir / "service.log"
    with _process(["serve", "--welcome"], log, environment(data_dir, **ports, **settings)) as made:
        printed = wait_for(log, r"curl .*", made)
        key = re.search(r'X-API-Key: (\S+)"', printed)
        assert key
        yield Service(
            process=made,
            url=f"http://127.0.0.1:{ports['http_port']}",
            grpc_url=f"grpc://127.0.0.1:{ports['grpc_port']}",
            operations_url=f"http://127.0.0.1:{ports['operations_port']}",
            api_key=key[1],
            curl=printed,
            log=log,
        )


@contextmanager
def working(data_dir: Path, **settings: object) -> Iterator[subprocess.Popen[str]]:
    """Run `clearbg worker` until the block ends."""
    settings = {"operations_port": free_port(), **settings}
    log = data_dir / "worker.log"
    with _process(["worker"], log, environment(data_dir, **settings)) as made:
        wait_for(log, "ClearBG does bulk jobs", made)
        yield made


@contextmanager
def _process(
    arguments: list[str], log: Path, env: dict[str, str]
) -> Iterator[subprocess.Popen[str]]:
    with log.open("w") as file:
        process = subprocess.Popen(
            [CLEARBG, *arguments],
            env=env,
            cwd=ROOT,
            stdout=file,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(START_TIMEOUT_S)
        finally:
            process.kill()


def wait_for(log: Path, pattern: str, process: subprocess.Popen[str]) -> str:
    """Wait until the log has what matches, which is returned."""
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(pattern, log.read_text()):
            return found[0]
        time.sleep(0.05)
    raise AssertionError(f"the service did not start:\n{log.read_text()}")
