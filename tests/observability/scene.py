"""A service with Triton and a worker, on a small disk, which Prometheus watches in these tests."""

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
"""The compiled model takes a third of it."""
START_TIMEOUT_S = 300


@dataclass
class Scene:
    """The processes and the disk, and the ports of their metrics."""

    service: Service
    disk: Disk
    ports: dict[str, int]
    """Ports of metrics, by the name of the job that scrapes them."""

    def send(self) -> int:
        """Send an image, and return the status of the answer."""
        return self._post("removebg", "image").status_code

    def send_bulk(self) -> None:
        """Create a bulk job of one image."""
        self._post("bulk", "images").raise_for_status()

    def send_wrong_key(self) -> None:
        """Send a request that is rejected for its key."""
        assert self._post("removebg", "image", key="wrong").status_code == 401

    def _post(self, path: str, field: str, key: str = "") -> httpx.Response:
        return httpx.post(
            f"{self.service.url}/v1/{path}",
            headers={"X-API-Key": key or self.service.api_key},
            files={field: PHOTO.read_bytes()},
            timeout=300,
        )

    def kill_triton(self) -> None:
        """Kill Triton; the service restarts it."""
        for child in psutil.Process(self.service.process.pid).children():
            if child.name() == "tritonserver":
                child.kill()


@contextmanager
def running_scene(folder: Path) -> Iterator[Scene]:
    """Run the scene until the block ends, which begins when Triton answers."""
    grpc_port = free_port()
    ports = {f"clearbg-{name}": free_port() for name in ("gateway", "worker", "triton")}
    with (
        disk.mounted(folder, DISK_BYTES) as small_disk,
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
        yield Scene(service, small_disk, ports)
