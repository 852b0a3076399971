"""Adds up in memory what API keys use, and writes it to the database every few seconds."""

import asyncio
import logging
from collections import Counter, defaultdict
from collections.abc import Mapping

from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts.quotas import Quotas
from gateway.accounts.usage_report import UsageReports
from gateway.accounts.usage_store import IMAGES, MINUTE_S, LastUse, UsageStore

log = logging.getLogger(__name__)

WRITE_INTERVAL_S = 5.0
PRUNE_INTERVAL_S = 600.0


class Usage:
    """Counts what keys use. A process that is killed loses what it counted since the last write.

    Build it inside the event loop that will use it.

    Args:
        store: the database.

    Attributes:
        quotas: the monthly quotas of keys.
        reports: reads what was written.
    """

    def __init__(self, store: UsageStore) -> None:
        self._store = store
        self.quotas = Quotas(store.clock)
        self.reports = UsageReports(store.engine)
        self._counts: defaultdict[tuple[int, int], Counter[str]] = defaultdict(Counter)
        self._last_uses: dict[int, LastUse] = {}
        self._writing = asyncio.Lock()
        self._tasks = [
            asyncio.create_task(self._write_regularly()),
            asyncio.create_task(self._prune_regularly()),
        ]

    def add(self, key_id: int, measures: Mapping[str, int], address: str = "") -> None:
        """Count a finished request of a key.

        Args:
            key_id: of the key.
            measures: what it used; see `usage_store`.
            address: of the client; may be empty.
        """
        now_s = self._store.clock()
        minute_s = int(now_s) // MINUTE_S * MINUTE_S
        counts = self._counts[key_id, minute_s]
        for measure, count in measures.items():
            counts[measure] += count
        self._last_uses[key_id] = LastUse(now_s, address)
        if images := measures.get(IMAGES):
            self.quotas.charge(key_id, minute_s, images)

    async def close(self) -> None:
        """Stop, and write the remaining counts."""
        async with self._writing:  # a write in progress must not be cancelled
            for task in self._tasks:
                task.cancel()
        await self.write()

    async def write(self) -> None:
        """Write the counts since the last write; if that fails, keep them for the next one."""
        async with self._writing:
            counts, self._counts = self._counts, defaultdict(Counter)
            last_uses, self._last_uses = self._last_uses, {}
            if not counts:
                return
            try:
                totals = await asyncio.to_thread(self._store.write, counts, last_uses)
            except SQLAlchemyError as error:
                log.warning("cannot write the usage of API keys, trying again later: %s", error)
                self._keep(counts, last_uses)
                return
            written = {at: measures[IMAGES] for at, measures in counts.items() if measures[IMAGES]}
            self.quotas.settle(written, totals)

    def _keep(
        self, counts: dict[tuple[int, int], Counter[str]], last_uses: dict[int, LastUse]
    ) -> None:
        for at, measures in counts.items():
            self._counts[at].update(measures)
        self._last_uses = last_uses | self._last_uses

    async def _write_regularly(self) -> None:
        while True:
            await asyncio.sleep(WRITE_INTERVAL_S)
            await self.write()

    async def _prune_regularly(self) -> None:
        while True:
            await asyncio.sleep(PRUNE_INTERVAL_S)
            try:
                await asyncio.to_thread(self._store.prune)
            except SQLAlchemyError as error:
                log.warning("cannot delete old usage, trying again later: %s", error)
