"""What the load generator measures, in virtual time."""

import asyncio
from typing import Any

import pytest

from gateway.errors import Overloaded
from gateway.tuning import load_generator
from gateway.tuning.load_generator import LoadGenerator
from gateway.tuning.measurement import quantile
from tests.virtual_time import LoopClock, VirtualTimeLoop


@pytest.fixture
def anyio_backend(monkeypatch: pytest.MonkeyPatch) -> tuple[str, dict[str, Any]]:
    monkeypatch.setattr(load_generator, "time", LoopClock)
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def test_only_whole_batches_after_the_warm_up_are_measured() -> None:
    """Eight callers, answered two every 20 ms: 100 images/s and 80 ms each."""
    waiting: list[asyncio.Future[None]] = []

    async def remove() -> None:
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
    load = LoadGenerator(remove, 8)
    measurement = load.measure(*await load.run(0.1, 0.5))
    answering.cancel()
    assert measurement.images_s == pytest.approx(95, rel=0.2)
    assert measurement.p50_s == pytest.approx(0.08, rel=0.4)
    assert measurement.p95_s < 0.25
    assert not measurement.is_overloaded


async def test_rejections_are_counted_separately() -> None:
    calls = 0

    async def remove() -> None:
        nonlocal calls
        calls += 1
        if calls % 2:
            raise Overloaded("full", 1)
        await asyncio.sleep(0.01)

    load = LoadGenerator(remove, 2)
    measurement = load.measure(*await load.run(0, 0.6))
    assert measurement.refused
    assert measurement.is_overloaded


async def test_a_short_window_is_extended_until_there_are_answers() -> None:
    load = LoadGenerator(lambda: asyncio.sleep(0.05), 1)
    measurement = load.measure(*await load.run(0, 0.001))
    assert measurement.images == 2
    assert measurement.images_s == pytest.approx(20, rel=0.3)


def test_quantiles_are_nearest_ranks() -> None:
    values = [float(n) for n in range(20, 0, -1)]
    assert [quantile(values, share) for share in (0.05, 0.5, 0.95, 1)] == [1, 10, 19, 20]
    assert quantile([7], 0.95) == 7
