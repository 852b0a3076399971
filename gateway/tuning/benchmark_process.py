"""The measured process: the service's core with its model, and the load on it.

`python -m gateway.tuning.benchmark_process PHOTO CONCURRENCY WARMUP_S SECONDS` reads CLEARBG_* as
`clearbg serve` does, and prints its measurement as a line of JSON. It is a process of its own so
that settings reach Triton's stub as they do in production, and nothing remains of the last one.
"""

import asyncio
import dataclasses
import json
import sys
from pathlib import Path

import uvloop

from gateway import malloc
from gateway.models import factory, triton_factory
from gateway.models.model import Model
from gateway.models.statistics import Statistics
from gateway.options import Options
from gateway.removal import Remover
from gateway.settings import Settings
from gateway.tuning.load_generator import LoadGenerator
from gateway.tuning.measurement import Measurement

START_TIMEOUT_S = 300.0
"""For a server with a GPU, which loads the model and warms up every batch size."""


async def measure(photo: bytes, concurrency: int, warmup_s: float, seconds: float) -> Measurement:
    """Start the core as the settings say, put load on it, and stop it.

    Raises:
        TimeoutError: the model is not ready within START_TIMEOUT_S.
    """
    settings = Settings()
    async with factory.open_models(settings) as models:
        await _wait_until_ready(models.default.model)
        remover = Remover(models, settings)
        load = LoadGenerator(lambda: remover.remove(photo, Options()), concurrency)
        try:
            if settings.triton == "off":
                return load.measure(*await load.run(warmup_s, seconds))
            return await _measure_with_statistics(load, settings, warmup_s, seconds)
        finally:
            remover.close()


async def _wait_until_ready(model: Model) -> None:
    async with asyncio.timeout(START_TIMEOUT_S):
        while not await model.ready():  # noqa: ASYNC110 (another process becomes ready)
            await asyncio.sleep(0.1)


async def _measure_with_statistics(
    load: LoadGenerator, settings: Settings, warmup_s: float, seconds: float
) -> Measurement:
    """Measure, and add Triton's own statistics of the whole load."""
    from gateway.models.triton import TritonBackend  # imported here: an extra

    triton = TritonBackend(f"{triton_factory.LOOPBACK}:{settings.triton_grpc_port}", "")
    try:
        before = await triton.statistics()
        measurement = load.measure(*await load.run(warmup_s, seconds))
        return _with_statistics(measurement, await triton.statistics() - before)
    finally:
        await triton.close()


def _with_statistics(measurement: Measurement, statistics: Statistics) -> Measurement:
    return dataclasses.replace(
        measurement,
        queue_s=statistics.queue_s / statistics.images,
        compute_s=statistics.compute_s / statistics.images,
        batches={str(size): count for size, count in sorted(statistics.executions.items())},
    )


def main(photo: str, *load: str) -> None:
    """Measure, and print the result; an error ends the process with its message."""
    malloc.keep_freed_memory()
    concurrency, warmup_s, seconds = int(load[0]), float(load[1]), float(load[2])
    try:
        result = uvloop.run(measure(Path(photo).read_bytes(), concurrency, warmup_s, seconds))
    except Exception as error:  # of any kind: the sweep continues without this configuration
        sys.exit(_message(error))
    sys.stdout.write(json.dumps(dataclasses.asdict(result)) + "\n")


def _message(error: Exception) -> str:
    """Return one line, of a group of errors that several callers had the first one's."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}"


if __name__ == "__main__":
    main(*sys.argv[1:])
