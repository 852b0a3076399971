"""Which other workers are dead. No clocks of different hosts are compared."""

import asyncio
import time
from datetime import datetime

from gateway.bulk.worker_store import WorkerStore

INTERVAL_S = 5.0
"""Between signs of life, and between looks at those of others."""
DEAD_AFTER_S = 30.0


class Pulse:
    """Looks at the others' signs of life, and shows one worker's own.

    Args:
        worker_id: of this process; empty: it does no work.
        workers: where signs of life are left.
    """

    def __init__(self, worker_id: str, workers: WorkerStore) -> None:
        self._worker_id, self._workers = worker_id, workers
        self._seen: dict[str, tuple[datetime, float]] = {}
        """Of each worker its newest sign of life, and when we saw it first."""
        self._looked_at = 0.0

    async def beat(self) -> None:
        """Show that this worker lives."""
        if self._worker_id:
            await asyncio.to_thread(self._workers.beat, self._worker_id)

    async def dead(self) -> list[str]:
        """Those whose sign of life has not changed for a while."""
        beats = await asyncio.to_thread(self._workers.beats)
        now = time.monotonic()
        if now - self._looked_at > 3 * INTERVAL_S:
            self._seen = {}  # right after an outage of the database all seem dead
        self._looked_at, last = now, self._seen
        self._seen = {
            worker_id: last[worker_id] if last.get(worker_id, ())[:1] == (beat,) else (beat, now)
            for worker_id, beat in beats.items()
            if worker_id != self._worker_id
        }
        return [name for name, (_, since) in self._seen.items() if now - since > DEAD_AFTER_S]

    async def forget(self, worker_id: str) -> None:
        """One is dead, and its work is in other hands."""
        await asyncio.to_thread(self._workers.forget, worker_id)
