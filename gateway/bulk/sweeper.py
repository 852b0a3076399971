"""What must not stay: jobs of dead workers, jobs that nobody was given, and what has expired."""

import asyncio
import logging
from collections.abc import Awaitable

from cachetools import LRUCache

from gateway.bulk.engine import Engine
from gateway.bulk.job_store import JobStore
from gateway.bulk.patience import OUTAGES
from gateway.bulk.storage import Storage
from gateway.bulk.worker_store import WorkerStore

log = logging.getLogger(__name__)

INTERVAL_S = 5.0
DEAD_AFTER_S = 30.0
ENQUEUED = 100_000
"""Jobs that are known to be in the queue."""


class Sweeper:
    """Sweeps now and then; several may, in several processes, since each step may be repeated.

    Args:
        worker_id: of this process.
        engine: has the jobs done.
        jobs: knows them.
        workers: knows who lives.
        storage: has their images.
    """

    def __init__(
        self,
        worker_id: str,
        engine: Engine,
        jobs: JobStore,
        workers: WorkerStore,
        storage: Storage,
    ) -> None:
        self._worker_id, self._engine = worker_id, engine
        self._jobs, self._workers, self._storage = jobs, workers, storage
        self._enqueued: LRUCache[str, bool] = LRUCache(ENQUEUED)

    async def beat(self) -> None:
        """Say that this worker lives, until cancelled: nothing else may hold that up."""
        while True:
            await self._without_end(asyncio.to_thread(self._workers.beat, self._worker_id))
            await asyncio.sleep(INTERVAL_S)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self._without_end(self.sweep())
            await asyncio.sleep(INTERVAL_S)

    async def sweep(self) -> None:
        """Once."""
        for worker_id in await asyncio.to_thread(self._workers.silent, DEAD_AFTER_S):
            for job_id in await self._engine.take_over(worker_id):
                log.warning("bulk: job %s goes on without worker %s", job_id, worker_id)
            await asyncio.to_thread(self._workers.forget, worker_id)
        # One that was accepted when its process died, just before it could be enqueued.
        for job_id, account_id in await asyncio.to_thread(self._jobs.unbegun):
            if job_id not in self._enqueued:
                await self._engine.enqueue(job_id, account_id)
                self._enqueued[job_id] = True
        for job_id in await asyncio.to_thread(self._jobs.expired):
            await self._without_end(self._forget(job_id))

    async def _forget(self, job_id: str) -> None:
        await self._storage.delete(job_id)
        await self._engine.forget(job_id)
        await asyncio.to_thread(self._jobs.delete, job_id)

    async def _without_end(self, work: Awaitable[None]) -> None:
        """Whatever goes wrong goes wrong once, and is tried again the next time."""
        try:
            await work
        except OUTAGES as error:
            log.warning("bulk: cannot sweep now: %r", error)
        except Exception:
            log.exception("bulk: unforeseen error while sweeping")
