"""Counts the use of API keys in memory, and writes it to the database every few seconds."""

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts.keys import KeyStore

log = logging.getLogger(__name__)

WRITE_INTERVAL_S = 5.0


class Usage:
    """Counts images by key. A process that is killed loses the counts since the last write.

    Build it inside the event loop that will use it.
    """

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._images: Counter[int] = Counter()
        self._write_task = asyncio.create_task(self._write_regularly())

    def add(self, key_id: int, images: int) -> None:
        """Count images of a key; 0 only records that the key was used."""
        self._images[key_id] += images

    async def close(self) -> None:
        """Stop, and write the remaining counts."""
        self._write_task.cancel()
        await self.write()

    async def _write_regularly(self) -> None:
        while True:
            await asyncio.sleep(WRITE_INTERVAL_S)
            await self.write()

    async def write(self) -> None:
        """Write the counts since the last write; if that fails, keep them for the next one."""
        images, self._images = self._images, Counter()
        if not images:
            return
        try:
            await asyncio.to_thread(self._keys.add_usage, images, datetime.now(UTC))
        except SQLAlchemyError as error:
            log.warning("cannot write the usage of API keys, trying again later: %s", error)
            self._images.update(images)
