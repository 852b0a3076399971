"""What is measured: the service's core with its model, in a process of its own.

`python -m gateway.tuning.subject PHOTO CONCURRENCY WARMUP_S SECONDS` reads CLEARBG_* as
`clearbg serve` does, loads itself, and prints what came of it as a line of JSON. Its own process:
settings reach Triton's stub as they would in production, and nothing is left of the one before.
"""

import asyncio
import dataclasses
import json
import sys
from pathlib import Path

import uvloop

from gateway import heap
from gateway.models import choose
from gateway.models.model import Model
from gateway.models.statistics import Statistics
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from gateway.tuning.load import Load
from gateway.tuning.measurement import Measurement

START_TIMEOUT_S = 300.0
"""For a GPU server to load and to warm up every batch size."""


async def measure(photo: bytes, concurrency: int, warmup_s: float, seconds: float) -> Measurement:
    """Start what the settings ask for, load it, and stop it."""
    settings = Settings()
    async with choose.model(settings) as model:
        await _answering(model)
        remover = Remover(model, settings)
        load = Load(lambda: remover.remove(photo, Options()), concurrency)
        try:
            if settings.triton == "off":
                return load.measured(*await load.window(warmup_s, seconds))
            return await _with_statistics(load, settings, warmup_s, seconds)
        finally:
            remover.close()


async def _answering(model: Model) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while not await model.ready():  # noqa: ASYNC110 (it asks another process)
            await asyncio.sleep(0.1)


async def _with_statistics(
    load: Load, settings: Settings, warmup_s: float, seconds: float
) -> Measurement:
    """The same, with Triton's own counts of the whole load."""
    from gateway.models.triton import TritonModel  # here: an extra

    asked = TritonModel(f"{choose.LOOPBACK}:{settings.triton_grpc_port}", "", max_queue=1)
    try:
        before = await asked.statistics()
        seen = load.measured(*await load.window(warmup_s, seconds))
        return _joined(seen, await asked.statistics() - before)
    finally:
        await asked.close()


def _joined(seen: Measurement, counted: Statistics) -> Measurement:
    return dataclasses.replace(
        seen,
        queue_s=counted.queue_s / counted.images,
        compute_s=counted.compute_s / counted.images,
        batches={str(size): count for size, count in sorted(counted.executions.items())},
    )


def main(photo: str, *load: str) -> None:
    """Measure and print."""
    heap.keep()
    concurrency, warmup_s, seconds = int(load[0]), float(load[1]), float(load[2])
    try:
        done = uvloop.run(measure(Path(photo).read_bytes(), concurrency, warmup_s, seconds))
    except Exception as error:  # whatever it was, the sweep is told, and goes on without this point
        sys.exit(_first(error))
    sys.stdout.write(json.dumps(dataclasses.asdict(done)) + "\n")


def _first(error: Exception) -> str:
    """One line, also of a failure that many callers had at once."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main(*sys.argv[1:])
