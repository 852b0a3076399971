"""What must not stay: work of dead workers, work that nobody was given, and what has expired."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime

from cachetools import LRUCache

from gateway.bulk.engine import Engine
from gateway.bulk.leftovers import Leftovers
from gateway.bulk.pulse import INTERVAL_S, Pulse
from gateway.bulk.storage import Storage
from gateway.metrics import BULK_WAITING, BULK_WAITING_SECONDS
from gateway.outages import OUTAGES
from gateway.webhooks.delivery_store import DeliveryStore

log = logging.getLogger(__name__)

ENQUEUED = 100_000
"""Jobs that are known to be in the queue."""


class Sweeper:
    """Sweeps now and then; several may, in several processes, since each step may be repeated.

    Args:
        engine: has the work done.
        leftovers: knows the jobs that need it.
        deliveries: the log of webhooks.
        pulse: knows who lives.
        storage: has the images.
    """

    def __init__(
        self,
        engine: Engine,
        leftovers: Leftovers,
        deliveries: DeliveryStore,
        pulse: Pulse,
        storage: Storage,
    ) -> None:
        self._engine, self._leftovers, self._deliveries = engine, leftovers, deliveries
        self._pulse, self._storage = pulse, storage
        self._enqueued: LRUCache[str, bool] = LRUCache(ENQUEUED)

    async def beat(self) -> None:
        """Say that this worker lives, until cancelled: nothing else may hold that up."""
        while True:
            await self._without_end(self._pulse.beat())
            await asyncio.sleep(INTERVAL_S)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(INTERVAL_S)

    async def sweep(self) -> None:
        """Once.

        What goes wrong with one thing holds up no other: on a full disk nothing can be enqueued,
        and what has expired must go all the more.
        """
        for step in (self._expire, self._take_over, self._again, self._enqueue):
            await self._without_end(step())

    async def _enqueue(self) -> None:
        """What was accepted when its process died, just before it could be enqueued."""
        jobs = await asyncio.to_thread(self._leftovers.unbegun)
        BULK_WAITING.set(len(jobs))
        oldest = min((since for _, _, since in jobs), default=datetime.now(UTC))
        BULK_WAITING_SECONDS.set((datetime.now(UTC) - oldest).total_seconds())
        for job_id, account_id, _ in jobs:
            if job_id not in self._enqueued:
                await self._engine.enqueue(job_id, account_id)
                self._enqueued[job_id] = True

    async def _again(self) -> None:
        """Jobs that DBOS has given up: what they met may have passed."""
        failed = await self._engine.failed()
        to_do = await asyncio.to_thread(self._leftovers.still_to_do, failed)
        for job_id in failed:
            await self._engine.forget(job_id)
        for job_id, account_id in to_do:
            log.warning("bulk: job %s is begun again after an unforeseen error", job_id)
            await self._engine.enqueue(job_id, account_id)

    async def _take_over(self) -> None:
        # Asked first: unlike DBOS, which waits, it says at once when the database is down.
        dead = await self._pulse.dead()
        for work_id in await self._engine.take_back():
            log.warning("bulk: %s goes on, although its end could not be noted", work_id)
        for worker_id in dead:
            for work_id in await self._engine.take_over(worker_id):
                log.warning("bulk: %s goes on without worker %s", work_id, worker_id)
            await self._pulse.forget(worker_id)

    async def _expire(self) -> None:
        for job_id in await asyncio.to_thread(self._leftovers.expired):
            await self._without_end(self._expire_one(job_id))
        await asyncio.to_thread(self._leftovers.forget_old)
        await asyncio.to_thread(self._deliveries.forget_old)

    async def _expire_one(self, job_id: str) -> None:
        await self._storage.delete(job_id)
        await self._engine.forget(job_id)
        await asyncio.to_thread(self._leftovers.without_blobs, job_id)

    async def _without_end(self, work: Awaitable[None]) -> None:
        """Whatever goes wrong goes wrong once, and is tried again the next time."""
        try:
            await work
        except OUTAGES as error:
            log.warning("bulk: cannot sweep now: %r", error)
        except Exception:
            log.exception("bulk: unforeseen error while sweeping")
