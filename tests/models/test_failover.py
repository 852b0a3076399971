"""The circuit breaker between two backends, with small fakes."""

import asyncio
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.errors import ModelUnavailable
from gateway.models.failover import PROBE_INTERVAL_S, SILENCE_S, TRUSTED_S, Failover
from gateway.models.model import Inference, Priority
from gateway.models.triton_factory import _silent_since
from tests.half_model import HalfModel
from tests.virtual_time import VirtualTimeLoop

IMAGE = np.zeros((1024, 1024, 3), np.uint8)


class BrokenProbes(HalfModel):
    """Its first two probes raise an unexpected exception."""

    probes = 0

    async def ready(self) -> bool:
        self.probes += 1
        if self.probes < 3:
            raise RuntimeError("unexpected")
        return True


class Hanging(HalfModel):
    """Accepts images and answers none of them."""

    async def infer(self, image: NDArray[np.uint8], **_: object) -> Inference:
        self.service_time.image_started()
        try:
            await asyncio.sleep(3600)
        finally:
            self.service_time.image_ended(answered=False)
        raise AssertionError


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def infer(model: Failover, timeout_s: float = 30) -> Inference:
    async with asyncio.timeout(timeout_s):
        return await model.infer(IMAGE, priority=Priority.INTERACTIVE, timeout_s=timeout_s)


async def test_probing_continues_after_unexpected_exceptions() -> None:
    primary = BrokenProbes()
    model = Failover(primary, HalfModel())
    await asyncio.sleep(4 * PROBE_INTERVAL_S)
    assert model.open_since is None
    assert primary.probes == 3
    await infer(model)
    assert primary.calls == 1
    await model.close()


async def test_service_time_and_limits_are_those_of_the_active_backend() -> None:
    primary, fallback = HalfModel(), HalfModel()
    model = Failover(primary, fallback)
    assert (model.service_time, model.limits) == (fallback.service_time, fallback.limits)
    assert await model.probe()
    assert (model.service_time, model.limits) == (primary.service_time, primary.limits)
    primary.fail = ModelUnavailable("gone", 1)
    await infer(model)
    assert (model.service_time, model.limits) == (fallback.service_time, fallback.limits)
    await model.close()


async def test_all_images_of_a_hanging_primary_go_to_the_fallback() -> None:
    fallback = HalfModel()
    model = Failover(Hanging(), fallback)
    await model.probe()
    answers = await asyncio.gather(*(infer(model) for _ in range(4)))
    assert len(answers) == fallback.calls == 4
    await model.close()


async def test_a_hanging_primary_is_detected_when_callers_give_up_early() -> None:
    model = Failover(Hanging(), HalfModel())
    await model.probe()
    for _ in range(2):
        with pytest.raises(TimeoutError):
            await infer(model, timeout_s=0.4 * SILENCE_S)
    await infer(model, timeout_s=0.4 * SILENCE_S)
    await model.close()


class Slow(HalfModel):
    """Computes two images at once, and takes longer for them than SILENCE_S."""

    async def infer(self, image: NDArray[np.uint8], **_: object) -> Inference:
        self.service_time.image_started()
        await asyncio.sleep(1.5 * SILENCE_S)
        self.service_time.image_ended(answered=True)
        return await super().infer(image)

    async def ready(self) -> bool:
        await self.infer(IMAGE)
        return True


async def test_a_slow_primary_does_not_count_as_hanging() -> None:
    fallback = HalfModel()
    model = Failover(Slow(), fallback)
    await model.probe()
    for _ in range(4):
        await asyncio.gather(infer(model), infer(model))
    assert model.open_since is None
    assert fallback.calls == 0
    await model.close()


class HalfHanging(Hanging):
    """Two servers, one of which hangs: only every other image is answered."""

    async def infer(self, image: NDArray[np.uint8], **_: object) -> Inference:
        self.calls += 1
        if self.calls % 2:
            return await super().infer(image)
        self.service_time.image_started()
        self.service_time.image_ended(answered=True)
        return await HalfModel.infer(self, image)


async def test_images_of_one_hanging_server_of_several_go_to_the_fallback() -> None:
    fallback = HalfModel()
    model = Failover(HalfHanging(), fallback)
    await model.probe()
    requests = [asyncio.create_task(infer(model, timeout_s=10))]
    for _ in range(20):
        await asyncio.sleep(0.5)
        requests.append(asyncio.create_task(infer(model, timeout_s=10)))
    await asyncio.gather(*requests)
    assert fallback.calls > 0
    assert model.open_since is None
    await model.close()


async def test_concurrent_probes_are_one() -> None:
    primary = Slow()
    model = Failover(primary, HalfModel())
    assert all(await asyncio.gather(model.probe(), model.probe()))
    assert primary.calls == 1
    await asyncio.sleep(2 * PROBE_INTERVAL_S)
    primary.fail = ModelUnavailable("gone", 1)
    await infer(model)
    assert model.open_since is not None
    primary.fail = None
    await asyncio.sleep(3 * SILENCE_S)
    assert model.open_since is None, "probing continues"
    await model.close()


async def test_a_cancelled_request_is_no_failure_of_the_primary() -> None:
    primary = Hanging()
    model = Failover(primary, HalfModel())
    await model.probe()
    request = asyncio.create_task(infer(model))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    request.cancel()
    await asyncio.gather(request, return_exceptions=True)
    assert request.cancelled()
    assert model.open_since is None
    assert primary.service_time.silence_s == 0
    await model.close()


async def test_without_a_fallback_requests_fail_at_once() -> None:
    primary = HalfModel()
    model = Failover(primary, None)
    assert not await model.ready()
    await model.probe()
    assert await model.ready()
    primary.fail = ModelUnavailable("gone", 1)
    for _ in range(2):
        with pytest.raises(ModelUnavailable):
            await infer(model)
    assert primary.calls == 1
    await model.close()


class Served(HalfModel):
    """A model on a server, which hangs while `hangs`: probes and images get no answer."""

    hangs = False

    async def infer(self, image: NDArray[np.uint8], **_: object) -> Inference:
        self.service_time.image_started()
        answered = False
        try:
            if self.hangs:
                await asyncio.sleep(3600)
            answered = True
        finally:
            self.service_time.image_ended(answered=answered)
        return await super().infer(image)

    async def ready(self) -> bool:
        return self.fail is None and bool(await self.infer(IMAGE))


async def on_one_server() -> tuple[list[Served], list[Failover]]:
    """Return a busy and an idle model, both of which answer."""
    primaries, models = [Served(), Served()], list[Failover]()
    for primary in primaries:
        models.append(Failover(primary, HalfModel(), peers=models))
    await asyncio.gather(*(model.probe() for model in models))
    await asyncio.sleep(2 * TRUSTED_S)
    return primaries, models


async def test_a_hanging_server_is_noticed_though_one_of_its_models_has_no_images() -> None:
    primaries, models = await on_one_server()
    assert _silent_since(models) is None
    for primary in primaries:
        primary.hangs = True
    await infer(models[0])
    assert _silent_since(models) is None, "the other one may still answer"
    await asyncio.sleep(2 * SILENCE_S)
    assert _silent_since(models) is not None
    for model in models:
        await model.close()


async def test_an_idle_model_that_answers_keeps_the_server_from_a_restart() -> None:
    primaries, models = await on_one_server()
    primaries[0].fail = ModelUnavailable("unloaded", 1)
    await infer(models[0])
    await asyncio.sleep(10 * TRUSTED_S)
    assert _silent_since(models) is None
    assert 10 <= primaries[1].calls <= 14, "probed after the failure, then now and then"
    primaries[1].hangs = True
    await asyncio.sleep(TRUSTED_S + 2 * SILENCE_S)
    assert _silent_since(models) is not None
    for model in models:
        await model.close()
