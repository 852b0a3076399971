"""The service with a constant mask instead of the model, to measure everything else.

`python -m loadtest.stored_mask_service [--jobs] [--slow]` reads CLEARBG_* as `clearbg serve` does,
prints an API key, and serves until SIGTERM; with `--jobs` also bulk jobs. With `--slow` it serves
ten images per second, behind the queue of the real model on the CPU.
"""

import asyncio
import signal
import sys
import time
from contextlib import AsyncExitStack
from functools import cache

import numpy as np
import uvloop
from numpy.typing import NDArray

from gateway import malloc, server
from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.keys import KeyStore
from gateway.bulk import runtime
from gateway.models.cpu import CpuBackend
from gateway.models.model import Model
from gateway.models.models import Models
from gateway.models.scheduler import Scheduler
from gateway.observability import tracing
from gateway.public_ports import Ports
from gateway.removal import Remover
from gateway.requests.handler import RequestHandler
from gateway.settings import Settings
from loadtest.constant_model import ConstantModel

UNLIMITED = Limits(0, 0)
SECONDS_PER_IMAGE = 0.1


@cache
def disc_model() -> ConstantModel:
    """Return a model that always finds a disc, with an edge as soft as a photo's: 8 pixels."""
    rows, columns = np.indices((1024, 1024)) - 512
    inside = 400 - np.hypot(rows, columns)
    return ConstantModel(np.clip(128 + 32 * inside, 0, 255).astype(np.uint8))


class FixedDelayRuntime:
    """A runtime that sleeps: it takes equally long on a busy machine."""

    version = "fixed-delay"

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """See Runtime."""
        time.sleep(SECONDS_PER_IMAGE)
        return disc_model().mask


async def fixed_delay_model(settings: Settings) -> Scheduler:
    """Return the scheduler of the CPU model, with that runtime."""
    backend = CpuBackend(FixedDelayRuntime)
    await backend.warm_up()
    return Scheduler(backend, max_queue=settings.max_queue)


async def main() -> None:
    """Serve until SIGTERM."""
    malloc.keep_freed_memory()
    settings = Settings()
    engine = database.connect(settings.database)
    account = AccountStore(engine).find(DEFAULT)
    secret = KeyStore(engine).create("load", account.id, limits=UNLIMITED)[1]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    ports = Ports(settings)
    model: Model = await fixed_delay_model(settings) if "--slow" in sys.argv else disc_model()
    remover = Remover(Models.only(model), settings)
    async with AsyncExitStack() as stack:
        exporting = tracing.exporting(settings.otlp_traces_url, settings.trace_ratio)
        await stack.enter_async_context(exporting)
        authenticator = await stack.enter_async_context(server.authentication(engine, settings))
        handler = RequestHandler(remover, None, settings)
        bulk = None
        if "--jobs" in sys.argv:
            bulk = await stack.enter_async_context(runtime.running(engine, handler, settings))
        public = await stack.enter_async_context(
            ports.listening(handler, authenticator, model, bulk)
        )
        sys.stdout.write(f"{secret}\n")
        sys.stdout.flush()
        await stop.wait()
        public.stop()
    remover.close()


if __name__ == "__main__":
    uvloop.run(main())
