"""Which requests are answered and which rejected while the model is cold, warm, slow or down.

The seconds per image are those of two cores: 0.45 alone, twice that beside one busy core.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from gateway.concurrency import loop_time
from gateway.models.failover import Failover
from gateway.models.scheduler import Scheduler
from tests.models.simulated import Machine, SimulatedBackend, arrivals, callers
from tests.virtual_time import VirtualTimeLoop

QUIET_S = 0.45
WARM_UP = 3
"""Images that the fallback has run before the service listens."""


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


@asynccontextmanager
async def service(
    seconds: Callable[[float], float], *, up_after_s: float = 0
) -> AsyncIterator[tuple[Scheduler, SimulatedBackend]]:
    """A primary and a fallback on the same cores; the primary is up after `up_after_s`."""
    machine = Machine(seconds)
    primary, fallback = (
        SimulatedBackend(machine, "triton-cpu", paced=True),
        SimulatedBackend(machine, "cpu"),
    )
    primary.state = "down"
    for _ in range(WARM_UP):
        fallback.service_time.record(seconds(loop_time()))
    model = Scheduler(Failover(primary, fallback), max_queue=64)
    asyncio.get_running_loop().call_later(up_after_s, setattr, primary, "state", "up")
    yield model, primary
    await model.close()


def cold(at: float) -> float:
    """The start of the service uses part of the cores for its first seconds."""
    return 1.4 if at < 4 else QUIET_S


def cold_beside_a_busy_core(at: float) -> float:
    return 2.5 if at < 4 else 0.9 if at < 10 else QUIET_S


@pytest.mark.parametrize("seconds", [cold, cold_beside_a_busy_core])
@pytest.mark.parametrize("delay_s", [0, 1, 2, 5, 20])
async def test_every_request_of_a_burst_at_the_start_is_answered(
    seconds: Callable[[float], float], delay_s: float
) -> None:
    async with service(seconds, up_after_s=4) as (model, _):
        await asyncio.sleep(delay_s)
        outcomes = await callers(model, count=16, images=32)
    assert outcomes.counts == {"answered": 32}
    assert outcomes.devices["triton-cpu"] > 0


async def test_a_fallback_and_its_primary_do_not_share_the_cores() -> None:
    """Once the primary is up, it takes the queue; the fallback only finishes its running image."""
    async with service(cold, up_after_s=2) as (model, _):
        outcomes = await callers(model, count=16, images=16)
    assert outcomes.devices["cpu"] <= 3


@pytest.mark.parametrize("state", ["down", "hanging"])
async def test_every_request_is_answered_while_the_primary_fails(state: str) -> None:
    async with service(lambda _: QUIET_S) as (model, primary):
        await callers(model, count=4, images=12)
        primary.state = state
        outcomes = await callers(model, count=16, images=32)
    assert outcomes.counts == {"answered": 32}
    assert outcomes.devices == {"cpu": 32}


async def test_the_primary_is_used_again_when_it_is_back() -> None:
    async with service(lambda _: QUIET_S) as (model, primary):
        primary.state = "down"
        await asyncio.sleep(5)
        asyncio.get_running_loop().call_later(3, setattr, primary, "state", "up")
        outcomes = await callers(model, count=16, images=64)
    assert outcomes.counts == {"answered": 64}
    assert outcomes.devices["triton-cpu"] > 50


async def test_a_slow_minute_causes_rejections_only_while_it_lasts() -> None:
    """Three times slower for a minute at 80 % load: requests that would be late are rejected at
    once, hardly any is answered late, and seconds after the minute none is rejected any more."""

    def seconds(at: float) -> float:
        return 3 * QUIET_S if 60 <= at < 120 else QUIET_S

    async with service(seconds) as (model, _):
        outcomes = await arrivals(model, rate_hz=0.8 / QUIET_S, seconds=240)
    assert outcomes.counts["deadline-exceeded"] <= 0.02 * outcomes.counts["answered"]
    assert outcomes.rejected_at
    assert 60 < min(outcomes.rejected_at)
    assert max(outcomes.rejected_at) < 120 + 5


@pytest.mark.parametrize("deadline_s", [8, 30])
async def test_an_overload_wastes_little(deadline_s: float) -> None:
    """Twice the capacity, for five minutes."""
    async with service(lambda _: QUIET_S) as (model, _):
        started = loop_time()
        outcomes = await arrivals(model, 2 / QUIET_S, 300, deadline_s)
        elapsed_s = loop_time() - started
    assert outcomes.counts["answered"] * QUIET_S >= 0.95 * elapsed_s
    assert outcomes.counts["deadline-exceeded"] == 0
    assert outcomes.slowest_s < deadline_s
