"""Jobs that arrive slowly must not take what others need."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from gateway.bulk import uploads
from gateway.rest.bulk import parts
from gateway.settings import Settings
from tests.bulk.conftest import Bulk, application, images, stored
from tests.half_model import HalfModel
from tests.rest.cases import Photo


async def slowly(photo: bytes, go_on: asyncio.Event) -> AsyncIterator[bytes]:
    """A form whose first image comes at once, and whose end when it may."""
    head = b'--b\r\nContent-Disposition: form-data; name="images"; filename="a.png"\r\n\r\n'
    yield head + photo + b"\r\n"
    await go_on.wait()
    yield b"--b--\r\n"


def post(bulk: Bulk, body: AsyncIterator[bytes]) -> asyncio.Task[httpx.Response]:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return asyncio.create_task(bulk.client.post("/v1/bulk", content=body, headers=headers))


async def test_one_that_stops_sending_is_ended_and_nothing_is_kept(
    bulk: Bulk, photo: Photo, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "IDLE_S", 0.2)
    answer = await post(bulk, slowly(photo(), asyncio.Event()))
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/idle-stream")
    assert answer.headers["retry-after"]
    assert stored(settings) == []


async def test_one_account_cannot_take_all_places(
    model: HalfModel, settings: Settings, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "PLACE_WAIT_S", 0.2)
    few = settings.model_copy(update={"max_upload_bytes_in_flight": 8 * settings.max_image_bytes})
    async with application(model, few) as bulk:
        go_on = asyncio.Event()
        first = post(bulk, slowly(photo(), go_on))
        await asyncio.sleep(0.3)
        refused = await bulk.client.post("/v1/bulk", files=images(photo()))
        assert (refused.status_code, refused.json()["type"]) == (503, "/problems/overloaded")
        bulk.as_another_account()
        assert (await bulk.client.post("/v1/bulk", files=images(photo()))).status_code == 202
        go_on.set()
        assert (await first).status_code == 202
