"""The service around a stored mask, in a process of its own: what it costs is all but the model.

`python -m loadtest.stored_service [--jobs] [--slow]` reads CLEARBG_* as `clearbg serve` does,
prints an API key, and serves until it is terminated: bulk jobs too with `--jobs`, with `--slow` ten
images a second, behind the queue of the real model on the CPU.
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

from gateway import heap, server, tracing
from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore, Limits
from gateway.bulk import running as bulk
from gateway.models.cpu import CpuModel
from gateway.models.model import Model
from gateway.orders.work import Work
from gateway.removal import Remover
from gateway.settings import Settings
from loadtest.stored_mask import StoredMask

UNLIMITED = Limits(0, 0)
SECONDS_AN_IMAGE = 0.1


@cache
def disc() -> StoredMask:
    """A model that always finds a disc; its edge is as soft as a real photo's, some 8 pixels."""
    rows, columns = np.indices((1024, 1024)) - 512
    inside = 400 - np.hypot(rows, columns)
    return StoredMask(np.clip(128 + 32 * inside, 0, 255).astype(np.uint8))


class Sleeping:
    """A runtime that takes as long on a busy machine as on an idle one."""

    version = "sleeping"

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """See Runtime."""
        time.sleep(SECONDS_AN_IMAGE)
        return disc().mask


async def slow(settings: Settings) -> CpuModel:
    """The model on the CPU around that."""
    model = CpuModel(Sleeping(), max_queue=settings.max_queue)
    await model.warm_up()
    return model


async def main() -> None:
    """Serve until SIGTERM."""
    heap.keep()
    settings = Settings()
    engine = database.connect(settings.database)
    account = AccountStore(engine).find(DEFAULT)
    secret = KeyStore(engine).create("load", account.id, limits=UNLIMITED)[1]
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    ports = server.Ports(settings)
    model: Model = await slow(settings) if "--slow" in sys.argv else disc()
    remover = Remover(model, settings)
    async with AsyncExitStack() as stack:
        traced = tracing.exporting(settings.otlp_traces_url, settings.trace_ratio)
        await stack.enter_async_context(traced)
        gate = await stack.enter_async_context(server.gate(engine, settings))
        intake = None
        if "--jobs" in sys.argv:
            intake = await stack.enter_async_context(bulk.running(engine, remover, settings))
        work = Work(remover, None, settings)
        stopping = await stack.enter_async_context(ports.listening(work, gate, model, intake))
        sys.stdout.write(f"{secret}\n")
        sys.stdout.flush()
        await stop.wait()
        stopping()
    remover.close()


if __name__ == "__main__":
    uvloop.run(main())
