"""Prometheus and its promtool: from PATH, or from Debian's package, which needs no installing."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
import pytest

from loadtest.ports import free_port
from serving.lock import file_lock

CACHE = Path(sys.prefix) / "prometheus"
"""Where the package is unpacked; nothing else of it is installed."""
FETCH_TIMEOUT_S = 120
START_TIMEOUT_S = 120


@cache
def tool(name: str) -> Path:
    """`prometheus` or `promtool`; skips the test where there is none and none can be fetched."""
    if found := shutil.which(name):
        return Path(found)
    unpacked = CACHE / "usr" / "bin" / name
    with file_lock(CACHE):  # a file that another process still writes cannot be run
        if not unpacked.is_file() and (why := _fetch()):
            pytest.skip(f"no {name}: put it on PATH (apt install prometheus); {why}")
    return unpacked


@cache
def _fetch() -> str:
    """Unpack Debian's package; says why it cannot."""
    if not (shutil.which("apt-get") and shutil.which("dpkg")):
        return "it can be fetched with apt-get only"
    CACHE.mkdir(parents=True, exist_ok=True)
    try:
        if _apt("download", "prometheus"):  # there may be no package lists yet
            if os.getuid() == 0:
                _apt("update")
            if why := _apt("download", "prometheus"):
                return why
        package = next(CACHE.glob("prometheus_*.deb"))
        subprocess.run(["dpkg", "-x", package, CACHE], check=True, timeout=FETCH_TIMEOUT_S)
        package.unlink()
    except (OSError, StopIteration, subprocess.SubprocessError) as error:
        return str(error)
    return ""


def _apt(*arguments: str) -> str:
    command = ["apt-get", "-qq", *arguments]
    done = subprocess.run(
        command, cwd=CACHE, capture_output=True, text=True, timeout=FETCH_TIMEOUT_S
    )
    return done.stderr.strip() if done.returncode else ""


def promtool(*arguments: str | Path) -> str:
    """Run it, and give what it says.

    Raises:
        AssertionError: it finds fault.
    """
    done = subprocess.run([tool("promtool"), *arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@dataclass
class Prometheus:
    """A running server, asked by its HTTP API."""

    url: str

    def ask(self, path: str, **params: str) -> Any:
        """What the API answers to /api/v1/ and a path."""
        answer = httpx.get(f"{self.url}/api/v1/{path}", params=params).raise_for_status()
        return answer.json()["data"]

    def firing(self) -> set[str]:
        """The names of the alerts that fire now."""
        alerts = self.ask("alerts")["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}

    def value(self, query: str) -> float | None:
        """Of a query's first series; None if there is none."""
        found = self.ask("query", query=query)["result"]
        return float(found[0]["value"][1]) if found else None

    def up(self) -> dict[str, str]:
        """The health of what is scraped, by job."""
        targets = self.ask("targets")["activeTargets"]
        return {target["labels"]["job"]: target["health"] for target in targets}


@contextmanager
def running(config: Path, data_dir: Path) -> Iterator[Prometheus]:
    """Run a server with a configuration until the block ends."""
    address = f"127.0.0.1:{free_port()}"
    command = [
        str(tool("prometheus")),
        f"--config.file={config}",
        f"--storage.tsdb.path={data_dir}",
        f"--web.listen-address={address}",
    ]
    log = data_dir / "prometheus.log"
    with log.open("w") as file:
        process = subprocess.Popen(command, stdout=file, stderr=subprocess.STDOUT)
    try:
        _wait_for(f"http://{address}/-/ready", process, log)
        yield Prometheus(f"http://{address}")
    finally:
        process.terminate()
        process.wait(START_TIMEOUT_S)


def _wait_for(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if httpx.get(url).is_success:
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(f"prometheus did not start:\n{log.read_text()[-2000:]}")
