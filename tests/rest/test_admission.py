"""More than can be done: what takes too long, is too much at once, or was given up."""

import asyncio
import tempfile
import threading
from collections.abc import AsyncIterator, Callable
from io import BytesIO

import anyio
import httpx
import numpy as np
import pytest
from PIL import Image
from prometheus_client import REGISTRY

from gateway.errors import Overloaded
from gateway.images import decode
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.gateway import serving


async def test_an_answer_that_takes_too_long_is_given_up(
    settings: Settings, model: HalfModel, photo: Callable[..., bytes]
) -> None:
    model.delay_s = 600
    async with serving(model, settings.model_copy(update={"request_timeout_s": 0.5})) as gateway:
        answer = await gateway.client.post("/v1/removebg", files={"image": photo()})
    assert answer.status_code == 504
    assert answer.json()["type"] == "/problems/deadline-exceeded"


async def test_too_much_is_refused_before_anything_is_spent_on_it(
    client: httpx.AsyncClient, model: HalfModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the image's header is read: that waits for threads, which an overload keeps busy."""

    def check_queue(**_: object) -> None:
        raise Overloaded("9 images are in front of this one.", 3)

    monkeypatch.setattr(model, "check_queue", check_queue)
    answer = await client.post("/v1/removebg", files={"image": b"no image"})
    assert answer.status_code == 503
    assert answer.headers["Retry-After"] == "3"


async def test_work_that_was_given_up_counts_until_its_thread_is_done(
    client: httpx.AsyncClient, photo: Callable[..., bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing can stop a thread: until it ends, its memory leaves no place for others."""
    running, finish = threading.Event(), threading.Event()

    def slow(*args: object) -> None:
        running.set()
        finish.wait(60)

    monkeypatch.setattr(decode, "decode", slow)
    first = asyncio.create_task(client.post("/v1/removebg", files={"image": photo(500, 500)}))
    await asyncio.to_thread(running.wait, 60)
    first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    assert REGISTRY.get_sample_value("clearbg_pixels_in_flight") == 250_000
    finish.set()
    async with asyncio.timeout(60):
        while REGISTRY.get_sample_value("clearbg_pixels_in_flight"):  # noqa: ASYNC110 (a thread)
            await asyncio.sleep(0.01)


async def test_more_megapixels_than_fit_are_refused_at_once(
    client: httpx.AsyncClient, model: HalfModel, photo: Callable[..., bytes]
) -> None:
    model.most = 0
    statuses: list[int] = []

    async def send() -> None:
        answer = await client.post("/v1/removebg", files={"image": photo(500, 500)})
        statuses.append(answer.status_code)
        if len(statuses) == 2:
            model.most = 6

    async with anyio.create_task_group() as group:
        for _ in range(6):  # of 0.25 MP each, where 1 MP may be in flight
            group.start_soon(send)
    assert sorted(statuses) == [200] * 4 + [503] * 2


async def test_a_large_upload_is_never_written_to_disk(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*args: object, **kwargs: object) -> None:
        raise AssertionError("an upload was written to disk")

    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    noise = np.random.default_rng(0).integers(0, 256, (500, 500, 3), np.uint8)
    out = BytesIO()
    Image.fromarray(noise).save(out, "PNG", compress_level=0)
    large = out.getvalue() + b"\0" * (990_000 - len(out.getvalue()))
    answer = await client.post("/v1/removebg", files={"image": large})
    assert answer.status_code == 200


async def test_more_upload_bytes_than_fit_are_refused_before_they_are_read(
    model: HalfModel, settings: Settings
) -> None:
    small = settings.model_copy(
        update={"max_upload_bytes_in_flight": 1_500_000, "request_timeout_s": 1}
    )
    form = {"Content-Type": "multipart/form-data; boundary=b"}
    stalled = asyncio.Event()

    async def never_ends() -> AsyncIterator[bytes]:
        yield b"--b\r\n"
        stalled.set()
        await asyncio.sleep(600)

    async with serving(model, small) as gateway:
        post = gateway.client.post
        first = asyncio.create_task(post("/v1/removebg", content=never_ends(), headers=form))
        await stalled.wait()
        second = await post("/v1/removebg", content=b"x" * 900_000, headers=form)
        assert second.status_code == 503
        assert (await first).status_code == 504
