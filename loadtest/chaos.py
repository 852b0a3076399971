"""Kill or stop the embedded tritonserver while requests arrive, and report what becomes of them.

`make soak` runs every case with many requests, the tests with few.
"""

import asyncio
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import simplejpeg
from rich.console import Console
from rich.table import Table

from gateway.deadline import Deadline
from gateway.errors import GatewayError
from gateway.models import factory
from gateway.models.failover import Failover
from gateway.models.model import Model
from gateway.models.scheduler import Scheduler
from gateway.observability.metrics import IMAGES
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import photo
from loadtest.ports import free_port

TIMEOUT_S = 15.0
"""Deadline of each request."""
START_TIMEOUT_S = 60.0
PHOTO = simplejpeg.encode_jpeg(photo(1200, 800), quality=90)


def tritonserver() -> psutil.Process:
    """Return the tritonserver that this process started."""
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if child.name() == "tritonserver")


def python_stub() -> psutil.Process:
    """Return the process of Triton's python backend."""
    return next(child for child in tritonserver().children() if "python" in child.name())


CASES: dict[str, Callable[[], None]] = {
    "SIGKILL": lambda: tritonserver().kill(),
    "SIGTERM": lambda: tritonserver().terminate(),
    "SIGSTOP": lambda: tritonserver().suspend(),
    "stub killed": lambda: python_stub().kill(),
}


@dataclass
class Outcome:
    """The outcomes of the requests of one case."""

    case: str
    devices: Counter[str] = field(default_factory=Counter)
    """Cut-outs, by device."""
    errors: Counter[str] = field(default_factory=Counter)
    """Failed requests, by slug."""
    counted: Counter[str] = field(default_factory=Counter)
    """Images by device in the gateway's metric: `devices`, unless it counts retries twice."""
    slowest_s: float = 0.0
    recovery_s: float | None = None
    """From the fault until the circuit breaker is closed again, including Triton's restart."""

    @property
    def requests(self) -> int:
        """How many requests were sent."""
        return self.devices.total() + self.errors.total()


async def run(case: str, *, requests: int, interval_s: float) -> Outcome:
    """Send requests at a constant rate, and inject the fault after a quarter of them.

    Args:
        case: one of CASES.
        requests: how many to send.
        interval_s: seconds between the starts of two requests.
    """
    outcome = Outcome(case)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            triton="embedded",
            data_dir=Path(folder),
            triton_grpc_port=free_port(),
            triton_metrics_port=free_port(),
        )
        async with factory.open_models(settings) as models:
            await wait_for_triton(models.default.model)
            remover = Remover(models, settings)
            before = _images_by_device()
            tasks: list[asyncio.Task[None]] = []
            for number in range(requests):
                if number == requests // 4:
                    CASES[case]()
                    recovery = asyncio.create_task(_recovery_s(models.default.model))
                tasks.append(asyncio.create_task(_send(remover, outcome)))
                await asyncio.sleep(interval_s)
            await asyncio.gather(*tasks)
            outcome.recovery_s = await recovery
            outcome.counted = _images_by_device() - before
            remover.close()
    return outcome


async def wait_for_triton(model: Model) -> None:
    """Wait until the circuit breaker is closed.

    Raises:
        TimeoutError: it does not close within START_TIMEOUT_S.
    """
    failover = _failover(model)
    async with asyncio.timeout(START_TIMEOUT_S):
        while failover.open_since is not None:  # noqa: ASYNC110 (another process decides)
            await asyncio.sleep(0.1)


async def _recovery_s(model: Model) -> float:
    """Wait until the circuit breaker has opened and closed again; return the seconds until then."""
    failover = _failover(model)
    started = time.monotonic()
    async with asyncio.timeout(START_TIMEOUT_S):
        while failover.open_since is None:  # noqa: ASYNC110 (another process decides)
            await asyncio.sleep(0.02)
    await wait_for_triton(model)
    return time.monotonic() - started


def _failover(model: Model) -> Failover:
    assert isinstance(model, Scheduler)
    assert isinstance(model.backend, Failover)
    return model.backend


async def _send(remover: Remover, outcome: Outcome) -> None:
    started = time.monotonic()
    try:
        result = await remover.remove(PHOTO, Options(), deadline=Deadline(TIMEOUT_S))
        outcome.devices[result.device] += 1
    except GatewayError as error:
        outcome.errors[error.slug] += 1
    outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - started)


def _images_by_device() -> Counter[str]:
    """Return the gateway's metric of the images by device, of all models."""
    (family,) = IMAGES.collect()
    counts: Counter[str] = Counter()
    for sample in family.samples:
        if sample.name.endswith("_total"):
            counts[sample.labels["device"]] += round(sample.value)
    return counts


def main(requests: int, interval_s: float) -> None:
    """Run every case, and print its outcomes."""
    columns = ("case", "requests", "answered by", "counted", "errors", "slowest s", "recovery s")
    table = Table(*columns)
    for case in CASES:
        outcome = asyncio.run(run(case, requests=requests, interval_s=interval_s))
        counts = map(_format_counts, (outcome.devices, outcome.counted, outcome.errors))
        figures = (f"{outcome.slowest_s:.1f}", f"{outcome.recovery_s:.1f}")
        table.add_row(case, str(outcome.requests), *counts, *figures)
    Console().print(table)


def _format_counts(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    main(int(sys.argv[1]), float(sys.argv[2]))
