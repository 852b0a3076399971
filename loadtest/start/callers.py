"""Bursts of callers soon after the service has started."""

import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import numpy as np
import psutil
import simplejpeg

from loadtest.bench import photo
from loadtest.service_under_load import listening_service
from loadtest.start.figures import Figure
from tests.end_to_end.service import Service

CALLERS, IMAGES = 16, 32
DELAYS_S = (0.0, 1.0, 2.0, 5.0, 20.0)
PHOTO = (1200, 800)
BUSY_S = 10.0
"""Seconds from the start of the service during which another process uses one core."""
TIMEOUT_S = 60.0


@dataclass
class Outcomes:
    """The outcomes of all requests."""

    statuses: Counter[int] = field(default_factory=Counter)
    devices: Counter[str] = field(default_factory=Counter)
    slowest_s: float = 0.0

    @property
    def failed(self) -> int:
        """How many requests got no cut-out."""
        return self.statuses.total() - self.statuses[200]


def photos(count: int, width: int, height: int) -> list[bytes]:
    """Return distinct JPEGs of this size."""
    base = photo(width, height)
    shifted = (np.roll(base, number * width // count, axis=1) for number in range(count))
    return [bytes(simplejpeg.encode_jpeg(np.ascontiguousarray(p), quality=90)) for p in shifted]


def burst(service: Service, images: Sequence[bytes], callers: int = CALLERS) -> Outcomes:
    """Send the images from several callers, each of which waits for its last answer."""
    outcomes = Outcomes()
    remaining = iter(images)
    lock = threading.Lock()
    with httpx.Client(headers={"X-API-Key": service.api_key}, timeout=TIMEOUT_S) as client:

        def call() -> None:
            while True:
                with lock:
                    data = next(remaining, None)
                if data is None:
                    return
                started = time.monotonic()
                answer = client.post(f"{service.url}/v1/removebg", files={"image": data})
                latency_s = time.monotonic() - started
                with lock:
                    outcomes.statuses[answer.status_code] += 1
                    outcomes.devices[answer.headers.get("x-device", "none")] += 1
                    outcomes.slowest_s = max(outcomes.slowest_s, latency_s)

        with ThreadPoolExecutor(callers) as pool:
            for caller in [pool.submit(call) for _ in range(callers)]:
                caller.result()
    return outcomes


@contextmanager
def busy_core(seconds: float) -> Iterator[None]:
    """Keep one core busy with another process for some seconds, or until the block ends."""
    code = f"import time; end = time.time() + {seconds}\nwhile time.time() < end: pass"
    with subprocess.Popen([sys.executable, "-c", code]) as process:
        try:
            yield
        finally:
            process.kill()


def kill_triton(service: Service) -> None:
    """Kill the tritonserver of a service, if there is one."""
    for child in psutil.Process(service.process.pid).children(recursive=True):
        if child.name() == "tritonserver":
            child.kill()


@dataclass(frozen=True)
class Condition:
    """What happens besides the burst."""

    name: str
    busy_s: float = 0.0
    """Seconds from the start during which another process uses one core."""
    before_burst: Callable[[Service], None] = lambda _: None


CONDITIONS = (
    Condition("quiet"),
    Condition("one core busy", busy_s=BUSY_S),
    Condition("Triton killed", before_burst=kill_triton),
)


def measure_burst(
    condition: Condition, delay_s: float, folder: Path, images: Sequence[bytes]
) -> Outcomes:
    """Start a service, and send it a burst.

    Args:
        condition: one of CONDITIONS.
        delay_s: seconds from when the service listens to the burst.
        folder: its data folder; empty, so that the model is not compiled yet.
        images: the images to send.
    """
    with (
        busy_core(condition.busy_s) if condition.busy_s else nullcontext(),
        listening_service(folder) as service,
    ):
        time.sleep(delay_s)
        condition.before_burst(service)
        return burst(service, images)


def measure_all(report: Callable[[str], None]) -> Iterator[Figure]:
    """Measure every condition with every delay, and yield how many requests failed.

    Args:
        report: called with a line after each burst.
    """
    images = photos(IMAGES, *PHOTO)
    for condition in CONDITIONS:
        for delay_s in DELAYS_S:
            with tempfile.TemporaryDirectory() as folder:
                outcomes = measure_burst(condition, delay_s, Path(folder), images)
            name = f"{condition.name}, {delay_s:g} s after the start"
            report(f"{name}: {dict(outcomes.devices)}, the slowest took {outcomes.slowest_s:.1f} s")
            yield Figure(f"{name}: failed", [outcomes.failed], f"of {IMAGES}", 0)
