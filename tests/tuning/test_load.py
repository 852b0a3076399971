"""The client's own clock."""

import asyncio

import pytest

from gateway.errors import Overloaded
from gateway.tuning.load import Load
from gateway.tuning.measurement import quantile


async def test_batches_are_counted_whole_and_the_beginning_is_dropped() -> None:
    """Eight callers, answered two every 20 ms: 100 images/s, and 80 ms each."""
    waiting: list[asyncio.Future[None]] = []

    async def ask() -> None:
        answer = asyncio.get_running_loop().create_future()
        waiting.append(answer)
        await answer

    async def answer() -> None:
        await asyncio.sleep(0.3)  # a slow start, which must not count
        while True:
            await asyncio.sleep(0.02)
            for _ in range(min(2, len(waiting))):
                if not (first := waiting.pop(0)).done():
                    first.set_result(None)

    answering = asyncio.create_task(answer())
    load = Load(ask, 8)
    seen = load.measured(*await load.window(0.1, 0.5))
    answering.cancel()
    assert seen.images_s == pytest.approx(95, rel=0.2)
    assert seen.p50_s == pytest.approx(0.08, rel=0.4)
    assert seen.p95_s < 0.25
    assert not seen.refuses


async def test_refusals_are_counted_apart() -> None:
    asked = 0

    async def ask() -> None:
        nonlocal asked
        asked += 1
        if asked % 2:
            raise Overloaded("full", 1)
        await asyncio.sleep(0.01)

    load = Load(ask, 2)
    seen = load.measured(*await load.window(0, 0.6))
    assert seen.refused
    assert seen.refuses


async def test_a_short_window_waits_for_answers() -> None:
    load = Load(lambda: asyncio.sleep(0.05), 1)
    seen = load.measured(*await load.window(0, 0.001))
    assert seen.images == 2
    assert seen.images_s == pytest.approx(20, rel=0.3)


def test_quantiles_are_nearest_ranks() -> None:
    values = [float(n) for n in range(20, 0, -1)]
    assert [quantile(values, part) for part in (0.05, 0.5, 0.95, 1)] == [1, 10, 19, 20]
    assert quantile([7], 0.95) == 7
