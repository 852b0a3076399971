"""Slow uploads must not block those of other accounts."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest
from prometheus_client import REGISTRY

from gateway.bulk import receiver
from gateway.rest.bulk import parts
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, application, images, stored_blobs
from tests.bulk.submissions import TRANSPORTS, Submission
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until


async def slow_form(photo: bytes, may_finish: asyncio.Event) -> AsyncIterator[bytes]:
    """Yield a form: the first image at once, and the end after the event."""
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n'
    yield head + photo + b"\r\n"
    await may_finish.wait()
    yield b"--b--\r\n"


def post(bulk: Bulk, body: AsyncIterator[bytes]) -> asyncio.Task[httpx.Response]:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return asyncio.create_task(bulk.client.post("/v1/bulk", content=body, headers=headers))


async def test_an_idle_upload_is_ended_and_nothing_is_stored(
    bulk: Bulk, photo: Photo, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "IDLE_S", 0.2)
    answer = await post(bulk, slow_form(photo(), asyncio.Event()))
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/idle-stream")
    assert answer.headers["retry-after"]
    assert stored_blobs(settings) == []


async def test_one_account_cannot_take_all_slots(
    model: HalfModel, settings: Settings, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiver, "SLOT_WAIT_S", 0.2)
    few = settings.model_copy(update={"max_upload_bytes_in_flight": 8 * settings.max_image_bytes})
    async with application(model, few) as bulk:
        may_finish = asyncio.Event()
        first = post(bulk, slow_form(photo(), may_finish))
        await until(lambda: bool(REGISTRY.get_sample_value("clearbg_upload_bytes_in_flight")))
        outcomes = [
            await submit_over(bulk, Submission([photo()])) for submit_over in TRANSPORTS.values()
        ]
        assert [outcome.slug for outcome in outcomes] == ["overloaded"] * 2, "on either transport"
        bulk.switch_account()
        assert (await bulk.client.post("/v1/bulk", files=images(photo()))).status_code == 202
        may_finish.set()
        assert (await first).status_code == 202
