"""What happens to requests while the embedded tritonserver is killed, stopped or silenced.

`make soak` runs every case in full; the tests run them small.
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

from gateway.errors import GatewayError
from gateway.metrics import IMAGES
from gateway.models import choose
from gateway.models.failover import Failover
from gateway.models.model import Model
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.bench import photo
from loadtest.ports import free_port

TIMEOUT_S = 15.0
"""Deadline of each request."""
START_TIMEOUT_S = 60.0
PHOTO = simplejpeg.encode_jpeg(photo(1200, 800), quality=90)


def server() -> psutil.Process:
    """The tritonserver that this process started."""
    children = psutil.Process().children(recursive=True)
    return next(child for child in children if child.name() == "tritonserver")


def stub() -> psutil.Process:
    """Its python stub."""
    return next(child for child in server().children() if "python" in child.name())


CASES: dict[str, Callable[[], None]] = {
    "SIGKILL": lambda: server().kill(),
    "SIGTERM": lambda: server().terminate(),
    "SIGSTOP": lambda: server().suspend(),
    "stub killed": lambda: stub().kill(),
}


@dataclass
class Outcome:
    """What became of the requests of one case."""

    case: str
    devices: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)
    counted: Counter[str] = field(default_factory=Counter)
    """What the gateway's own metric says of the devices: the same, or a retry was counted twice."""
    slowest_s: float = 0.0
    back_s: float | None = None
    """From the blow until Triton is asked again, its restart included."""

    @property
    def requests(self) -> int:
        """All that were sent."""
        return self.devices.total() + self.errors.total()


async def run(case: str, *, requests: int, interval_s: float) -> Outcome:
    """Send requests at a constant rate, and strike after a quarter of them.

    Args:
        case: of CASES.
        requests: how many to send.
        interval_s: seconds between two, whatever becomes of them.
    """
    outcome = Outcome(case)
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(
            triton="embedded",
            data_dir=Path(folder),
            triton_grpc_port=free_port(),
            triton_metrics_port=free_port(),
        )
        async with choose.model(settings) as model:
            await until_triton_answers(model)
            remover = Remover(model, settings)
            before = _counted()
            tasks: list[asyncio.Task[None]] = []
            for number in range(requests):
                if number == requests // 4:
                    CASES[case]()
                    back = asyncio.create_task(_seconds_until_back(model))
                tasks.append(asyncio.create_task(_ask(remover, outcome)))
                await asyncio.sleep(interval_s)
            await asyncio.gather(*tasks)
            outcome.back_s = await back
            outcome.counted = _counted() - before
            remover.close()
    return outcome


async def until_triton_answers(model: Model) -> None:
    """Wait until the breaker is closed.

    Raises:
        TimeoutError: it did not close in START_TIMEOUT_S.
    """
    assert isinstance(model, Failover)
    async with asyncio.timeout(START_TIMEOUT_S):
        while model.open_since is not None:  # noqa: ASYNC110 (another process decides)
            await asyncio.sleep(0.1)


async def _seconds_until_back(model: Model) -> float:
    """Seconds from now until the breaker has opened and is closed again."""
    assert isinstance(model, Failover)
    started = time.monotonic()
    async with asyncio.timeout(START_TIMEOUT_S):
        while model.open_since is None:  # noqa: ASYNC110 (another process decides)
            await asyncio.sleep(0.02)
    await until_triton_answers(model)
    return time.monotonic() - started


async def _ask(remover: Remover, outcome: Outcome) -> None:
    started = time.monotonic()
    try:
        answer = await remover.remove(PHOTO, Options(), timeout_s=TIMEOUT_S)
        outcome.devices[answer.device] += 1
    except GatewayError as error:
        outcome.errors[error.slug] += 1
    outcome.slowest_s = max(outcome.slowest_s, time.monotonic() - started)


def _counted() -> Counter[str]:
    """Images by device, as the metrics count them."""
    (family,) = IMAGES.collect()
    return Counter({sample.labels["device"]: round(sample.value) for sample in family.samples})


def main(requests: int, interval_s: float) -> None:
    """Run every case and print what happened."""
    columns = ("case", "requests", "answered by", "counted", "errors", "slowest s", "back after s")
    table = Table(*columns)
    for case in CASES:
        outcome = asyncio.run(run(case, requests=requests, interval_s=interval_s))
        counts = map(_told, (outcome.devices, outcome.counted, outcome.errors))
        figures = (f"{outcome.slowest_s:.1f}", f"{outcome.back_s:.1f}")
        table.add_row(case, str(outcome.requests), *counts, *figures)
    Console().print(table)


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items()) or "none"


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: os._exit(1))
    main(int(sys.argv[1]), float(sys.argv[2]))
