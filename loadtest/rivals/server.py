"""The servers that are compared, each started by its documented command."""

import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

from loadtest.ports import free_port
from loadtest.service_under_load import ready_service
from loadtest.upload import Upload
from tests.end_to_end.service import ROOT

REMBG = ROOT / ".venv-rembg" / "bin"
WEIGHTS = ROOT / "var" / "weights"
MODEL = "isnet-general-use"
"""rembg's name of the same network and weights."""
START_TIMEOUT_S, POLL_S = 600.0, 0.5
REQUEST_TIMEOUT_S = 600.0
"""For 64 callers on a machine that takes seconds for one mask."""


@dataclass(frozen=True)
class Server:
    """A server that listens, and how a request to it looks."""

    name: str
    url: str
    process: psutil.Process
    path: str
    file_field: str
    key: str = ""
    form: dict[str, str] = field(default_factory=dict)

    def upload(self, image: bytes) -> Upload:
        """Return what sends this image."""
        return Upload(
            self.url,
            self.key,
            image,
            path=self.path,
            file_field=self.file_field,
            form=self.form,
            timeout_s=REQUEST_TIMEOUT_S,
        )

    def cut_out(self, image: bytes) -> bytes:
        """Return the PNG of one image.

        Raises:
            httpx.HTTPError: there was no PNG.
        """
        answer = httpx.post(
            f"{self.url}{self.path}",
            headers={"X-API-Key": self.key},
            files={self.file_field: image},
            data=self.form,
            timeout=REQUEST_TIMEOUT_S,
        )
        return answer.raise_for_status().content

    @property
    def is_running(self) -> bool:
        """Whether the process has not ended, such as for want of memory."""
        return self.process.is_running() and self.process.status() != psutil.STATUS_ZOMBIE

    def cpu_s(self) -> float:
        """Return the CPU seconds that the server and its child processes have used."""
        tree = (self.process, *self.process.children(recursive=True))
        times = (process.cpu_times() for process in tree)
        return float(sum(each.user + each.system for each in times))


@contextmanager
def clearbg(folder: Path) -> Iterator[Server]:
    """Run the service as `make run` does, without rate limits and without its cache of masks."""
    with ready_service(folder, request_timeout_s=REQUEST_TIMEOUT_S) as service:
        process = psutil.Process(service.process.pid)
        yield Server("ClearBG", service.url, process, "/v1/removebg", "image", key=service.api_key)


@contextmanager
def rembg(folder: Path) -> Iterator[Server]:
    """Run `rembg s` with the weights that ClearBG's model is built from."""
    (folder / f"{MODEL}.onnx").symlink_to(WEIGHTS / f"{MODEL}.onnx")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with (folder / "rembg.log").open("w") as log:
        command: list[str | Path] = [
            REMBG / "rembg",
            "s",
            "--host",
            "127.0.0.1",
            "--port",
            str(port),
            "--no-ui",
        ]
        environment = os.environ | {"U2NET_HOME": str(folder), "BROWSER": "true"}
        started = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    try:
        _wait_for(f"{url}/openapi.json", started)
        process = psutil.Process(started.pid)
        yield Server("rembg", url, process, "/api/remove", "file", form={"model": MODEL})
    finally:
        started.kill()
        started.wait()


def rembg_version() -> str:
    """Return the version that is installed."""
    code = "import importlib.metadata as m; print(m.version('rembg'))"
    return subprocess.check_output([REMBG / "python", "-c", code], text=True).strip()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url).raise_for_status()
            return
        except httpx.HTTPError:
            time.sleep(POLL_S)
    raise RuntimeError("rembg's server did not start")
