"""Finds dead workers by their heartbeats, without comparing the clocks of different hosts."""

import asyncio
import time
from datetime import datetime

from gateway.bulk.worker_store import WorkerStore

INTERVAL_S = 5.0
"""Between heartbeats, and between checks of other workers' heartbeats."""
DEAD_AFTER_S = 30.0


class Heartbeats:
    """Sends this worker's heartbeats, and watches those of the others.

    Args:
        worker_id: of this process; empty: it processes no jobs and sends no heartbeats.
        workers: stores the heartbeats.
    """

    def __init__(self, worker_id: str, workers: WorkerStore) -> None:
        self._worker_id, self._workers = worker_id, workers
        self._seen: dict[str, tuple[datetime, float]] = {}
        """Per worker its last heartbeat, and when this process saw it first (monotonic clock)."""
        self._checked_at = 0.0

    async def send(self) -> None:
        """Store a heartbeat of this worker."""
        if self._worker_id:
            await asyncio.to_thread(self._workers.store_heartbeat, self._worker_id)

    async def dead_workers(self) -> list[str]:
        """Return the other workers whose heartbeat has not changed for `DEAD_AFTER_S`."""
        heartbeats = await asyncio.to_thread(self._workers.last_heartbeats)
        now = time.monotonic()
        if now - self._checked_at > 3 * INTERVAL_S:
            self._seen = {}  # after an outage of the database all heartbeats are old
        self._checked_at, previous = now, self._seen
        self._seen = {
            worker_id: previous[worker_id]
            if previous.get(worker_id, ())[:1] == (heartbeat,)
            else (heartbeat, now)
            for worker_id, heartbeat in heartbeats.items()
            if worker_id != self._worker_id
        }
        return [
            worker_id
            for worker_id, (_, seen_at) in self._seen.items()
            if now - seen_at > DEAD_AFTER_S
        ]

    async def remove(self, worker_id: str) -> None:
        """Delete a dead worker's heartbeat, once its jobs are recovered."""
        await asyncio.to_thread(self._workers.remove, worker_id)
