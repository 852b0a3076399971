"""`make run` in a fresh clone of HEAD, as a user without caches, data or settings."""

import os
import re
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import httpx
from PIL import Image

from loadtest.start import new_user

ROOT = Path(__file__).parents[2]
START_TIMEOUT_S = 900
STOP_TIMEOUT_S = 60


class NotStarted(Exception):
    """`make run` ended, or took too long. The message is the end of its output."""


@dataclass
class RunningClone:
    """A service that `make run` has started."""

    started: float
    """`time.monotonic` when `make run` was called."""
    curl: str
    """The printed command, with a working API key."""
    clone: Path

    def run_curl(self) -> None:
        """Run the printed command in a shell, and check its result.

        Raises:
            ValueError: the result is not a cut-out.
        """
        subprocess.run(["bash", "-ec", self.curl], cwd=self.clone, check=True, capture_output=True)
        check_cutout((self.clone / "cutout.png").read_bytes())

    @property
    def elapsed_s(self) -> float:
        """Seconds since `make run` was called."""
        return time.monotonic() - self.started

    def device(self) -> str:
        """Cut out the sample photo over HTTP, and return the device that ran the model."""
        url, key = re.findall(r"(http\S+) .*X-API-Key: (\S+)\"", self.curl)[0]
        with (self.clone / "docs" / "astronaut.jpg").open("rb") as photo:
            answer = httpx.post(url, headers={"X-API-Key": key}, files={"image": photo}, timeout=60)
        answer.raise_for_status()
        return answer.headers["x-device"]


class FreshClone:
    """A clone, and the home folder of its user.

    Args:
        folder: of the clone; must not exist.
        home: contains all caches; empty, or that of an earlier clone.
    """

    def __init__(self, folder: Path, home: Path) -> None:
        self.folder = folder
        self._home = home
        self._key = ""
        home.mkdir(exist_ok=True)
        clone = ["git", "clone", "--quiet", "--no-hardlinks", str(ROOT), str(folder)]
        subprocess.run(clone, check=True)

    @contextmanager
    def running(self) -> Iterator[RunningClone]:
        """Run `make run` until the block ends, which begins when the command is printed.

        Raises:
            NotStarted: it is not printed within START_TIMEOUT_S.
        """
        log = self.folder.with_suffix(".log")
        started = time.monotonic()
        with log.open("w") as file:
            process = subprocess.Popen(
                ["make", "run"],
                cwd=self.folder,
                env=new_user.environment(self._home),
                stdout=file,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield RunningClone(started, self._with_key(_printed_command(log, process)), self.folder)
        finally:
            _interrupt(process)

    def _with_key(self, curl: str) -> str:
        """Insert the key that the first start printed: later ones print a placeholder."""
        self._key = self._key or re.findall(r"X-API-Key: (\S+)\"", curl)[0]
        return curl.replace("YOUR_API_KEY", self._key)


def check_cutout(data: bytes) -> None:
    """Check that a result is a PNG with opaque and transparent pixels.

    Raises:
        ValueError: it is not.
    """
    with Image.open(BytesIO(data)) as image:
        transparent = image.format == "PNG" and image.mode == "RGBA"
        if not transparent or image.getchannel("A").getextrema() != (0, 255):
            raise ValueError("the result is not a cut-out PNG")


def _printed_command(log: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        if found := re.search(r"curl .*\n", log.read_text()):
            return found[0].strip()
        time.sleep(0.02)
    raise NotStarted(log.read_text()[-3000:])


def _interrupt(process: subprocess.Popen[bytes]) -> None:
    """Send Ctrl-C's signal to all processes, and kill those that do not end by it."""
    os.killpg(process.pid, signal.SIGINT)
    try:
        process.wait(STOP_TIMEOUT_S)
    finally:
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass  # all have ended
