"""Equal requests at the same time share one inference, and nothing else."""

import asyncio

import pytest

from gateway import options
from gateway.deadline import Deadline
from gateway.errors import DeadlineExceeded, ModelUnavailable
from gateway.models.model import Priority
from gateway.removal import Remover
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.masks.core import Make, in_progress, lookups, many, opened
from tests.waiting import until


async def test_ten_equal_requests_need_one_inference(
    remover: Remover, model: HalfModel, photo: Make
) -> None:
    model.most = 0
    before = lookups()
    tasks = many(remover, photo(), 10)
    await until(lambda: model.calls == 1)
    model.most = 1
    results = await asyncio.gather(*tasks)
    assert model.calls == 1
    assert len({result.data for result in results}) == 1
    assert sorted(result.device for result in results) == ["cache"] * 9 + ["cpu"]
    assert lookups()["miss"] - before["miss"] == 1


async def test_followers_survive_the_cancellation_of_the_one_that_computes(
    remover: Remover, model: HalfModel, photo: Make
) -> None:
    model.most = 0
    tasks = many(remover, photo(), 5)
    await until(lambda: model.calls == 1)
    await until(lambda: in_progress(remover) == 5)
    leader = tasks[0]
    leader.cancel()
    await until(lambda: model.calls == 2)
    model.most = 2
    results = await asyncio.gather(*tasks[1:])
    assert leader.cancelled()
    assert model.calls == 2
    assert [result.device for result in results].count("cache") == 3


async def test_a_failure_is_not_kept(remover: Remover, model: HalfModel, photo: Make) -> None:
    model.fail = ModelUnavailable("The service is stopping.", 5)
    tasks = many(remover, photo(), 3)
    failures = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(failure) for failure in failures] == [ModelUnavailable] * 3
    assert model.calls == 3
    model.fail = None
    assert (await remover.remove(photo(), options.parse({}), account_id=1)).device == "cpu"


async def test_each_request_keeps_its_own_deadline(
    remover: Remover, model: HalfModel, photo: Make
) -> None:
    model.most = 0
    (first,) = many(remover, photo(), 1)
    await until(lambda: model.calls == 1)
    (late,) = many(remover, photo(), 1, deadline=Deadline(0.2))
    with pytest.raises(DeadlineExceeded, match=r"0\.2"):
        await late
    model.most = 1
    assert (await first).device == "cpu"


async def test_an_interactive_image_does_not_wait_for_an_equal_one_of_a_bulk_job(
    remover: Remover, model: HalfModel, photo: Make
) -> None:
    """The bulk one may have to wait for all interactive ones."""
    model.most = 0
    bulk = many(remover, photo(), 2, priority=Priority.BULK)
    await until(lambda: model.calls == 1)
    interactive = many(remover, photo(), 2)
    await until(lambda: model.calls == 2)
    model.most = 2
    results = await asyncio.gather(*bulk, *interactive)
    assert model.calls == 2
    assert [result.device for result in results].count("cache") == 2


async def test_a_bulk_image_waits_for_an_equal_interactive_one(
    remover: Remover, model: HalfModel, photo: Make
) -> None:
    model.most = 0
    interactive = many(remover, photo(), 1)
    await until(lambda: model.calls == 1)
    bulk = many(remover, photo(), 2, priority=Priority.BULK)
    model.most = 1
    results = await asyncio.gather(*interactive, *bulk)
    assert model.calls == 1
    assert [result.device for result in results] == ["cpu", "cache", "cache"]


async def test_a_mask_that_the_cache_has_no_room_for_still_answers_those_that_wait(
    model: HalfModel, settings: Settings, photo: Make
) -> None:
    model.most = 0
    async with opened(model, settings, mask_cache_mb=0.0001) as remover:
        tasks = many(remover, photo(), 4)
        await until(lambda: model.calls == 1)
        await until(lambda: in_progress(remover) == 4)
        model.most = 9
        await asyncio.gather(*tasks)
        await remover.remove(photo(), options.parse({}), account_id=1)
    assert model.calls == 2
