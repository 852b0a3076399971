import asyncio
from typing import Any

import pytest

from gateway.models.service_time import NEWEST_BATCHES, TRUSTED_BATCHES, ServiceTime
from tests.virtual_time import VirtualTimeLoop


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


def observed(*seconds: float, batch_size: int = 1) -> ServiceTime:
    service_time = ServiceTime()
    service_time.batch_size = batch_size
    for one in seconds:
        service_time.record(one)
    return service_time


def test_the_estimate_is_zero_before_the_first_image() -> None:
    assert observed().estimate_s == 0


def test_the_first_slow_images_hardly_raise_the_estimate() -> None:
    assert observed(2.0).estimate_s <= 0.5
    assert observed(2.0, 0.4).estimate_s <= 0.4


def test_the_estimate_is_exact_after_enough_equal_images() -> None:
    assert observed(*[2.0] * TRUSTED_BATCHES).estimate_s == 2.0


def test_a_backend_that_becomes_faster_lowers_the_estimate_soon() -> None:
    assert observed(*[2.0] * TRUSTED_BATCHES, *[0.5] * NEWEST_BATCHES).estimate_s == 0.5


def test_a_backend_that_becomes_slower_raises_the_estimate_later() -> None:
    assert observed(*[0.5] * TRUSTED_BATCHES, 2.0).estimate_s < 1
    assert observed(*[0.5] * TRUSTED_BATCHES, *[2.0] * TRUSTED_BATCHES).estimate_s == 2.0


def test_images_of_one_batch_share_its_time() -> None:
    """A batch is answered at once: its first image seems to take all the time, the others none."""
    batches = [0.8, 0.0] * TRUSTED_BATCHES
    assert observed(*batches, batch_size=2).estimate_s == pytest.approx(0.4)
    assert 0.3 < observed(*batches, 0.8, batch_size=2).estimate_s < 0.6


async def test_an_image_takes_the_time_since_the_previous_answer() -> None:
    service_time = ServiceTime()
    for _ in range(TRUSTED_BATCHES):
        service_time.image_started()
    for _ in range(TRUSTED_BATCHES):
        await asyncio.sleep(0.5)
        service_time.image_ended(answered=True)
    assert service_time.estimate_s == pytest.approx(0.5)


async def test_silence_excludes_idle_time() -> None:
    service_time = ServiceTime()
    await asyncio.sleep(100)
    assert service_time.silence_s == 0
    service_time.image_started()
    await asyncio.sleep(3)
    assert service_time.silence_s == 3
    service_time.image_ended(answered=False)
    await asyncio.sleep(100)
    assert (service_time.silence_s, service_time.estimate_s) == (3, 0)
    service_time.image_started()
    service_time.image_ended(answered=True)
    assert service_time.silence_s == 0
