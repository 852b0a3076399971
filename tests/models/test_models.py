"""Choosing a model, and the queue that several models share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

import pytest

from gateway.concurrency import loop_time
from gateway.errors import BadOption, ModelUnavailable
from gateway.models.backend import Backend
from gateway.models.failover import Failover
from gateway.models.load_shedder import LoadShedder
from gateway.models.model import Priority
from gateway.models.models import Models, ServedModel
from gateway.models.scheduler import Scheduler
from gateway.models.shared_queue import SharedQueue
from tests.half_model import HalfModel
from tests.models.simulated import Machine, Outcomes, SimulatedBackend, arrivals, callers
from tests.virtual_time import VirtualTimeLoop

FAST_S, SLOW_S = 0.2, 4.0


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


def _always(seconds: float, at: float) -> float:
    return seconds


@asynccontextmanager
async def two_models() -> AsyncIterator[tuple[Scheduler, Scheduler, SimulatedBackend]]:
    """A fast and a slow model on the same cores; the fast one has a fallback."""
    seconds = {"fast": FAST_S, "slow": SLOW_S}
    lock = asyncio.Lock()
    machines = {name: Machine(partial(_always, each)) for name, each in seconds.items()}
    for machine in machines.values():
        machine._cores = lock
    primary, fallback, slow = (
        SimulatedBackend(machines["fast"], "triton-cpu"),
        SimulatedBackend(machines["fast"], "cpu"),
        SimulatedBackend(machines["slow"], "triton-cpu"),
    )
    queue = SharedQueue(64)
    models = [
        Scheduler(backend, max_queue=64, name=name, queue=queue)
        for name, backend in (("fast", Failover(primary, fallback, name="fast")), ("slow", slow))
    ]
    await asyncio.sleep(1)  # until the primary was probed
    yield models[0], models[1], primary
    for model in models:
        await model.close()


async def test_a_flood_for_a_slow_model_leaves_a_fast_one_half_of_the_machine() -> None:
    """Callers of the fast model wait for one image of the slow one, not for all of them."""
    async with two_models() as (fast, slow, _):
        await callers(slow, count=1, images=8)  # so that its speed is known
        await callers(fast, count=1, images=8)
        flood = asyncio.create_task(arrivals(slow, rate_hz=2, seconds=120))
        await asyncio.sleep(30)
        started = loop_time()
        outcomes = await callers(fast, count=16, images=160)
        elapsed_s = loop_time() - started
        slow_outcomes = await flood
    assert outcomes.counts == {"answered": 160}
    assert outcomes.slowest_s < 2 * 16 * FAST_S + 2 * SLOW_S
    assert elapsed_s < 2.4 * 160 * FAST_S
    assert slow_outcomes.counts["answered"] * SLOW_S > 0.3 * 120
    # Only some that were admitted while they had the machine to themselves.
    assert slow_outcomes.counts["deadline-exceeded"] <= 5


async def test_a_flood_for_a_fast_model_does_not_starve_a_slow_one() -> None:
    async with two_models() as (fast, slow, _):
        await callers(slow, count=1, images=8)
        flood = asyncio.create_task(arrivals(fast, rate_hz=3 / FAST_S, seconds=120))
        await asyncio.sleep(30)
        outcomes = await callers(slow, count=2, images=8)
        fast_outcomes = await flood
    assert outcomes.counts == {"answered": 8}
    assert fast_outcomes.counts["answered"] > 0
    assert fast_outcomes.counts["deadline-exceeded"] <= 1


async def test_images_that_never_ran_cost_their_model_no_turn() -> None:
    async with two_models() as (fast, slow, _):
        for model in (slow, fast):  # so that their speed is known
            await callers(model, count=1, images=8)
        busy = asyncio.create_task(callers(fast, count=60, images=600, deadline_s=3600))
        await asyncio.sleep(1)
        gone = [asyncio.create_task(Outcomes().request(slow, 3600)) for _ in range(60)]
        await asyncio.sleep(0)
        for request in gone:
            request.cancel()
        await asyncio.gather(*gone, return_exceptions=True)
        outcomes = await callers(slow, count=1, images=1, deadline_s=3600)
        await busy
    assert outcomes.slowest_s < 3 * SLOW_S


async def test_a_model_that_fell_back_leaves_the_other_where_it_is() -> None:
    async with two_models() as (fast, slow, primary):
        primary.state = "down"
        by_fast, by_slow = await asyncio.gather(callers(fast, 2, 8), callers(slow, 2, 4))
    assert (by_fast.counts, by_fast.devices) == ({"answered": 8}, {"cpu": 8})
    assert (by_slow.counts, by_slow.devices) == ({"answered": 4}, {"triton-cpu": 4})


async def test_a_model_that_cannot_run_does_not_lift_the_limits_of_the_others() -> None:
    queue = SharedQueue(64)
    gone = HalfModel()
    gone.fail = ModelUnavailable("unknown model", 1)
    machine = Machine(partial(_always, SLOW_S))
    unread = SimulatedBackend(machine, "triton-cpu")
    unread.limits = None
    backends: dict[str, Backend] = {
        "gone": Failover(gone, None, name="gone"),
        "unread": unread,
        "slow": SimulatedBackend(machine, "triton-cpu"),
    }
    models = {
        name: Scheduler(backend, max_queue=64, name=name, queue=queue)
        for name, backend in backends.items()
    }
    requests = asyncio.create_task(callers(models["slow"], count=8, images=8))
    await asyncio.sleep(1)
    assert backends["slow"].service_time._running == 1
    await requests
    for model in models.values():
        await model.close()


def test_an_image_waits_for_other_models_at_most_as_long_as_for_its_own() -> None:
    seconds = {"fast": 1.0, "slow": 10.0}
    shedder = LoadShedder(64, seconds.__getitem__)
    with (
        shedder.admit("slow", Priority.INTERACTIVE, 60),
        shedder.admit("slow", Priority.INTERACTIVE, 60),
        shedder.admit("fast", Priority.INTERACTIVE, 60),
    ):
        assert shedder._wait_s("fast", Priority.INTERACTIVE) == 2 + 2
        assert shedder._wait_s("slow", Priority.INTERACTIVE) == 30 + 1


def served(*names: str, default: str) -> Models:
    return Models(*(ServedModel(name, HalfModel()) for name in names), default=default)


def test_a_request_gets_the_model_it_names_or_the_default() -> None:
    models = served("a", "b", default="b")
    assert models.choose("a").name == "a"
    assert models.choose("").name == "b"
    assert models.choose("", ("a",)).name == "a"


@pytest.mark.parametrize(
    ("name", "allowed", "names"),
    [
        ("c", None, "one of b, a"),
        ("b", ("a",), "one of a"),
        ("", ("gone",), "one that your account may use"),
    ],
)
def test_another_model_is_rejected_with_those_that_may_be_used(
    name: str, allowed: tuple[str, ...] | None, names: str
) -> None:
    with pytest.raises(BadOption, match=f"model must be {names}") as rejected:
        served("a", "b", default="b").choose(name, allowed)
    assert rejected.value.field == "model"
