"""A service with Triton and a worker, on a small disk: what Prometheus watches in these tests."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil

from loadtest.ports import free_port
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import Service, running, working
from tests.servers import disk
from tests.servers.disk import Disk

DISK_BYTES = 2**29
"""A third of it is for the compiled model."""
START_TIMEOUT_S = 60


@dataclass
class Scene:
    """What can be struck, and the ports that are watched."""

    service: Service
    disk: Disk
    ports: dict[str, int]
    """Of metrics, by the name of the job that scrapes them."""

    def send(self) -> int:
        """Have an image cut out, and give the status of the answer."""
        return self._post("removebg", "image").status_code

    def send_bulk(self) -> None:
        """Leave one image as a bulk job."""
        self._post("bulk", "images").raise_for_status()

    def send_wrong_key(self) -> None:
        """Be refused."""
        assert self._post("removebg", "image", key="wrong").status_code == 401

    def _post(self, path: str, field: str, key: str = "") -> httpx.Response:
        return httpx.post(
            f"{self.service.url}/v1/{path}",
            headers={"X-API-Key": key or self.service.api_key},
            files={field: PHOTO.read_bytes()},
            timeout=60,
        )

    def kill_triton(self) -> None:
        """At once; the service starts it anew."""
        for child in psutil.Process(self.service.process.pid).children():
            if child.name() == "tritonserver":
                child.kill()


@contextmanager
def playing(folder: Path) -> Iterator[Scene]:
    """The scene inside the block; Triton answers."""
    grpc_port = free_port()
    ports = {f"clearbg-{name}": free_port() for name in ("gateway", "worker", "triton")}
    with (
        disk.mounted(folder, DISK_BYTES) as small,
        running(
            folder,
            triton="embedded",
            triton_grpc_port=grpc_port,
            triton_metrics_port=ports["clearbg-triton"],
            operations_port=ports["clearbg-gateway"],
            max_queue=2,
            rate_limit_requests_per_minute=0,
            rate_limit_megapixels_per_minute=0,
        ) as service,
        working(
            folder,
            triton=f"127.0.0.1:{grpc_port}",
            cpu_fallback="off",
            operations_port=ports["clearbg-worker"],
        ),
    ):
        deadline = time.monotonic() + START_TIMEOUT_S
        while service.metric("clearbg_breaker_open"):
            assert time.monotonic() < deadline
            time.sleep(0.1)
        yield Scene(service, small, ports)
