"""What keys were used for: collected in memory, written down every few seconds."""

import asyncio
import logging
from collections import Counter
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts.keys import KeyStore

log = logging.getLogger(__name__)

INTERVAL_S = 5.0


class Usage:
    """Counts images by key. A killed process loses what the last seconds counted, and no more.

    Build it inside the event loop that will use it.
    """

    def __init__(self, keys: KeyStore) -> None:
        self._keys = keys
        self._images: Counter[int] = Counter()
        self._writing = asyncio.create_task(self._write_regularly())

    def add(self, key_id: int, images: int) -> None:
        """Count images of a key; 0 says that it was used at all."""
        self._images[key_id] += images

    async def close(self) -> None:
        """Write down what is left."""
        self._writing.cancel()
        await self.write()

    async def _write_regularly(self) -> None:
        while True:
            await asyncio.sleep(INTERVAL_S)
            await self.write()

    async def write(self) -> None:
        """Write down what was counted since the last time."""
        images, self._images = self._images, Counter()
        if not images:
            return
        try:
            await asyncio.to_thread(self._keys.add_use, images, datetime.now(UTC))
        except SQLAlchemyError as error:
            log.warning("the use of keys cannot be written now: %s", error)
            self._images.update(images)
