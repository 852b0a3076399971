"""Podman and Compose, with the settings and the storage of scripts/containers.sh."""

import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import ROOT
from tests.waiting import wait_until

COMPOSE_FILE = ROOT / "deploy" / "docker" / "compose.yaml"
TOOLS = ROOT / ".venv-containers" / "bin"
START_TIMEOUT_S = 600
HARDENED = (
    *("--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"),
    *("--tmpfs", "/tmp:rw,size=256m,mode=1777", "--memory", "2g", "--cpus", "2"),
)


def podman(*arguments: str, check: bool = True) -> str:
    """Run podman; return what it prints.

    Raises:
        CalledProcessError: it fails, and `check` is set.
    """
    command = [str(ROOT / "scripts" / "containers.sh"), "podman", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    if check and done.returncode:
        raise AssertionError(f"podman {' '.join(arguments)}: {done.stdout}{done.stderr}")
    return done.stdout


@contextmanager
def container(image: str, *command: str, options: tuple[str, ...] = ()) -> Iterator[str]:
    """Run a hardened container until the block ends; yields its id."""
    name = podman("run", "--detach", *HARDENED, *options, image, *command).strip()
    try:
        yield name
    finally:
        podman("rm", "--force", "--volumes", "--time", "5", name)


def logs(name: str) -> str:
    """Return what a container has printed and logged."""
    command = [str(ROOT / "scripts" / "containers.sh"), "podman", "logs", name]
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    return done.stdout


def wait_for_http(url: str, name: str) -> None:
    """Wait until a container answers at a URL with a success."""

    def answers() -> bool:
        assert podman("inspect", name, "--format", "{{.State.Running}}").strip() == "true", logs(
            name
        )
        try:
            return httpx.get(url, timeout=5).is_success
        except httpx.TransportError:
            return False

    wait_until(answers, lambda: logs(name), timeout_s=START_TIMEOUT_S, every_s=0.2)


def cut_out(service: str, key: str) -> httpx.Response:
    """Send the photo to a container's service, given its base URL."""
    headers, files = {"X-API-Key": key}, {"image": PHOTO.read_bytes()}
    return httpx.post(f"{service}/v1/removebg", headers=headers, files=files, timeout=300)


class Compose:
    """The services of compose.yaml in podman.

    Args:
        socket: path of podman's API.
        settings: what a user writes into `.env`.
    """

    def __init__(self, socket: Path, settings: dict[str, str]) -> None:
        self._command = [str(TOOLS / "docker-compose"), "-f", str(COMPOSE_FILE)]
        self._environment = os.environ | settings | {"DOCKER_HOST": f"unix://{socket}"}

    def run(self, *arguments: str) -> str:
        """Run a command of Compose; return what it prints."""
        done = subprocess.run(
            [*self._command, *arguments], env=self._environment, capture_output=True, text=True
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout


@contextmanager
def api(socket: Path) -> Iterator[None]:
    """Run podman's API for Compose until the block ends."""
    script = str(ROOT / "scripts" / "containers.sh")
    command = [script, "podman", "system", "service", "--time", "0", f"unix://{socket}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_until(socket.exists)
        yield
    finally:
        process.terminate()
        process.wait()


@contextmanager
def health_checks() -> Iterator[None]:
    """Run the containers' health checks, which podman leaves to systemd, until the block ends."""
    stop = threading.Event()

    def check() -> None:
        while not stop.wait(1):
            for name in podman("ps", "--format", "{{.Names}}").split():
                podman("healthcheck", "run", name, check=False)

    thread = threading.Thread(target=check)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
