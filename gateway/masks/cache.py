"""The cache of masks: in memory, in a store that replicas share, and in the making."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from gateway.masks.key import MaskKey, file_digest
from gateway.masks.memory import MaskMemory
from gateway.masks.packed import pack, unpack
from gateway.masks.shared import SharedMasks
from gateway.masks.turns import Turns
from gateway.models.model import Inference, Priority
from gateway.models.models import ServedModel
from gateway.observability.metrics import MASK_LOOKUPS
from gateway.options import Region
from gateway.settings import Settings

DEVICE = "cache"
"""The device of a mask that was not computed for its own request."""


@dataclass(frozen=True)
class Lookup:
    """What the cache knows of the mask of one request."""

    key: MaskKey
    side: int
    priority: Priority
    found: Inference | None
    is_expected: bool
    """An equal request is computing it."""
    started: float

    @property
    def needs_no_queue(self) -> bool:
        """Whether the model is probably not needed."""
        return self.found is not None or self.is_expected


class MaskCache:
    """Looks up masks before they are computed, and keeps those that were.

    Args:
        memory: of this process.
        shared: by all replicas; None: there is no such store.
    """

    def __init__(self, memory: MaskMemory, shared: SharedMasks | None = None) -> None:
        self._memory, self._shared = memory, shared
        self._turns: Turns[Inference] = Turns()
        self._sharing: set[asyncio.Task[None]] = set()

    async def look_up(
        self,
        file: bytes,
        roi: Region | None,
        model: ServedModel,
        owner: str,
        priority: Priority,
    ) -> Lookup:
        """Look for the mask of an image.

        Args:
            file: the encoded image.
            roi: the part of it that the model sees.
            model: the one that is to segment it.
            owner: whose image it is; see `MaskKey`.
            priority: of the request.
        """
        started = time.perf_counter()
        sha256 = await asyncio.to_thread(file_digest, file)
        key = MaskKey(owner, sha256, roi, model.name, model.model.health.model_version)
        found = await self._find(key, model.side)
        priorities = {Priority.INTERACTIVE, priority}
        is_expected = any(self._turns.is_taken((key, each)) for each in priorities)
        return Lookup(key, model.side, priority, found, is_expected, started)

    async def find_or_compute(
        self, lookup: Lookup, compute: Callable[[], Awaitable[Inference]]
    ) -> Inference:
        """Return the mask that was found, or that an equal request computes; else compute it.

        If the equal request fails or is cancelled, one of those that wait for it computes the mask.
        A bulk image waits for an interactive one, but not the other way round: bulk images may take
        long to get their turn.

        Args:
            lookup: of the request.
            compute: segments the image; may raise anything.
        """
        if lookup.found:
            return _reused("hit", lookup.found, lookup)
        if lookup.priority is not Priority.INTERACTIVE:
            async with self._turns.turn((lookup.key, Priority.INTERACTIVE)) as turn:
                if turn.found:
                    return _reused("joined", turn.found, lookup)
        async with self._turns.turn((lookup.key, lookup.priority)) as turn:
            # A request that has ended since the lookup has left its mask in memory.
            found = turn.found or await self._find_in_memory(lookup.key, lookup.side)
            if found:
                return _reused("joined", found, lookup)
            MASK_LOOKUPS.labels("miss").inc()
            turn.found = await compute()
            turn.found.mask.setflags(write=False)  # it is shared
            await self._keep(lookup.key, turn.found)
            return turn.found

    async def close(self) -> None:
        """Drop all masks, and close the connections to the store."""
        self._memory.close()
        if self._shared:
            await asyncio.gather(*self._sharing)
            await self._shared.close()

    async def _find(self, key: MaskKey, side: int) -> Inference | None:
        if found := await self._find_in_memory(key, side):
            return found
        if not self._shared or not key.version:
            return None
        packed = await self._shared.get(key)
        found = await _unpacked(key, packed, side)
        if packed and found:
            self._memory.put(key, packed)
        return found

    async def _find_in_memory(self, key: MaskKey, side: int) -> Inference | None:
        return await _unpacked(key, self._memory.get(key), side)

    async def _keep(self, key: MaskKey, inference: Inference) -> None:
        packed = await asyncio.to_thread(pack, inference.mask)
        # The backend that has answered may be another one than was expected.
        key = replace(key, version=inference.model_version)
        self._memory.put(key, packed)
        if self._shared:
            task = asyncio.create_task(self._shared.put(key, packed))
            self._sharing.add(task)
            task.add_done_callback(self._sharing.discard)


async def _unpacked(key: MaskKey, packed: bytes | None, side: int) -> Inference | None:
    """Return a packed mask; None if there is none, or it is damaged."""
    if packed is None:
        return None
    try:
        mask = await asyncio.to_thread(unpack, packed, side)
    except ValueError:
        return None
    return Inference(mask, DEVICE, key.version, queue_s=0, compute_s=0)


def _reused(outcome: str, found: Inference, lookup: Lookup) -> Inference:
    """Return a mask as the answer to another request than its own."""
    MASK_LOOKUPS.labels(outcome).inc()
    found_s = time.perf_counter() - lookup.started
    return replace(found, device=DEVICE, queue_s=0, compute_s=0, cache_s=found_s)


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[MaskCache | None]:
    """Open the cache of the settings inside the block; None: it is off.

    Raises:
        BadStoreUrl: the URL of the shared store is malformed.
    """
    if not settings.mask_cache_mb:
        yield None
        return
    max_bytes, ttl_s = round(settings.mask_cache_mb * 2**20), settings.mask_cache_ttl_s
    url = settings.mask_cache_url
    masks = MaskCache(MaskMemory(max_bytes, ttl_s), SharedMasks(url, ttl_s) if url else None)
    try:
        yield masks
    finally:
        await masks.close()
