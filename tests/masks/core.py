"""The core around the fake model, with a cache of masks."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from gateway import options
from gateway.masks import cache
from gateway.models.models import Models
from gateway.observability.metrics import MASK_LOOKUPS
from gateway.removal import Remover
from gateway.results import Result
from gateway.settings import Settings
from tests.half_model import HalfModel

Make = Callable[..., bytes]


@asynccontextmanager
async def opened(model: HalfModel, settings: Settings, **changes: Any) -> AsyncIterator[Remover]:
    chosen = settings.model_copy(update={"mask_cache_mb": 64, **changes})
    async with cache.opened(chosen) as masks:
        remover = Remover(Models.only(model), chosen, masks)
        yield remover
        remover.close()


def lookups() -> dict[str, float]:
    return {
        outcome: MASK_LOOKUPS.labels(outcome)._value.get() for outcome in ("hit", "joined", "miss")
    }


def many(remover: Remover, photo: bytes, count: int, **more: Any) -> list[asyncio.Task[Result]]:
    call = remover.remove
    return [
        asyncio.create_task(call(photo, options.parse({}), account_id=1, **more))
        for _ in range(count)
    ]


def in_progress(remover: Remover) -> int:
    """How many requests compute a mask, or wait for an equal one."""
    masks = remover._segmenter._masks
    assert masks
    return sum(turn.requests for turn in masks._turns._turns.values())
