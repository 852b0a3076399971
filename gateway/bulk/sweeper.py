"""Recovers the jobs of dead workers and jobs missing from the queue; deletes what has expired."""

import asyncio
import logging
from collections.abc import Awaitable
from datetime import UTC, datetime

from cachetools import LRUCache

from gateway.bulk.heartbeats import INTERVAL_S, Heartbeats
from gateway.bulk.job_queue import JobQueue
from gateway.bulk.recovery_store import RecoveryStore
from gateway.bulk.storage import Storage
from gateway.observability.metrics import BULK_WAITING, BULK_WAITING_SECONDS
from gateway.store_outages import OUTAGES
from gateway.webhooks.delivery_store import DeliveryStore

log = logging.getLogger(__name__)

MAX_KNOWN_JOBS = 100_000
"""Jobs remembered as enqueued, so that they are not enqueued again in every sweep."""


class Sweeper:
    """Sweeps every `INTERVAL_S` seconds.

    Several processes may do so at once, since every step can be repeated.

    Args:
        queue: the queue of jobs.
        recovery: finds the jobs to recover and to delete.
        deliveries: the log of webhooks.
        heartbeats: finds dead workers.
        blobs: has the images.
    """

    def __init__(
        self,
        queue: JobQueue,
        recovery: RecoveryStore,
        deliveries: DeliveryStore,
        heartbeats: Heartbeats,
        blobs: Storage,
    ) -> None:
        self._queue, self._recovery, self._deliveries = queue, recovery, deliveries
        self._heartbeats, self._blobs = heartbeats, blobs
        self._enqueued: LRUCache[str, bool] = LRUCache(MAX_KNOWN_JOBS)

    async def send_heartbeats(self) -> None:
        """Send this worker's heartbeats until cancelled, beside `run`, which may take long."""
        while True:
            await self._log_errors(self._heartbeats.send())
            await asyncio.sleep(INTERVAL_S)

    async def run(self) -> None:
        """Sweep until cancelled."""
        while True:
            await self.sweep()
            await asyncio.sleep(INTERVAL_S)

    async def sweep(self) -> None:
        """Run all steps once, even if some fail.

        On a full disk, for instance, no job can be enqueued, but expired jobs must be deleted.
        """
        for step in (
            self._delete_expired,
            self._recover_jobs,
            self._restart_failed,
            self._enqueue_accepted,
        ):
            await self._log_errors(step())

    async def _enqueue_accepted(self) -> None:
        """Enqueue jobs whose process died after it had accepted them."""
        jobs = await asyncio.to_thread(self._recovery.not_started)
        BULK_WAITING.set(len(jobs))
        oldest = min((created_at for _, _, created_at in jobs), default=datetime.now(UTC))
        BULK_WAITING_SECONDS.set((datetime.now(UTC) - oldest).total_seconds())
        for job_id, account_id, _ in jobs:
            if job_id not in self._enqueued:
                await self._queue.enqueue(job_id, account_id)
                self._enqueued[job_id] = True

    async def _restart_failed(self) -> None:
        """Enqueue jobs again that DBOS has given up: the cause may have been temporary."""
        failed = await self._queue.failed_jobs()
        unfinished = await asyncio.to_thread(self._recovery.unfinished, failed)
        for job_id in failed:
            await self._queue.remove(job_id)
        for job_id, account_id in unfinished:
            log.warning("bulk: restarting job %s after an unexpected error", job_id)
            await self._queue.enqueue(job_id, account_id)

    async def _recover_jobs(self) -> None:
        # Queried first, since it fails at once while the database is down, and DBOS would wait.
        dead_workers = await self._heartbeats.dead_workers()
        for job_id in await self._queue.requeue_lost_jobs():
            log.warning("bulk: requeued job %s, whose end could not be recorded", job_id)
        for worker_id in dead_workers:
            for job_id in await self._queue.requeue_jobs_of(worker_id):
                log.warning("bulk: requeued job %s of the dead worker %s", job_id, worker_id)
            await self._heartbeats.remove(worker_id)

    async def _delete_expired(self) -> None:
        for job_id in await asyncio.to_thread(self._recovery.expired):
            await self._log_errors(self._delete_blobs(job_id))
        await asyncio.to_thread(self._recovery.delete_old)
        await asyncio.to_thread(self._deliveries.delete_old)

    async def _delete_blobs(self, job_id: str) -> None:
        await self._blobs.delete(job_id)
        await self._queue.remove(job_id)
        await asyncio.to_thread(self._recovery.mark_swept, job_id)

    async def _log_errors(self, step: Awaitable[None]) -> None:
        """Wait for a step; log its error, since the next sweep repeats it."""
        try:
            await step
        except OUTAGES as error:
            log.warning("bulk: cannot sweep now: %r", error)
        except Exception:
            log.exception("bulk: unexpected error while sweeping")
