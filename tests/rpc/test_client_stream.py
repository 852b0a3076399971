"""The stream that concurrent calls of the Python client share."""

import asyncio
import math
from collections.abc import Awaitable, Callable

from gateway.client import AsyncClient, Problem
from gateway.concurrency import concurrently
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import Listening, listening
from tests.rest.cases import Photo
from tests.waiting import until


async def test_a_broken_stream_is_opened_again(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    """The service restarts on its port meanwhile: every image gets exactly one result."""
    with listening(model, settings) as first:
        key, port = first.new_key(), first.grpc_port
        async with AsyncClient(first.urls["grpc"], key) as client:
            expected = await client.remove_streamed(photo())
            completed: list[int] = []

            async def remove(number: int) -> bytes:
                return (await client.remove_streamed(photo())).image

            model.most = model.calls + 20
            running = asyncio.create_task(collect(range(60), remove, completed))
            await until(lambda: len(completed) == 20)
            stop = asyncio.create_task(asyncio.to_thread(first.stop))
            await until(first.stopping.is_set)
            model.delay_s, model.most = 0.05, math.inf
            await stop
            assert len(completed) < 60
            with listening(model, settings.model_copy(update={"grpc_port": port})):
                images = await running
    assert sorted(completed) == list(range(60))
    assert set(images) == {expected.image}
    assert model.calls <= 1 + 60 + 8  # those in flight at the stop may be processed twice


async def collect(
    numbers: range, work: Callable[[int], Awaitable[bytes]], completed: list[int]
) -> list[bytes]:
    images = []
    async for number, image in concurrently(numbers, work, at_once=4):
        completed.append(number)
        images.append(image)
    return images


async def test_a_cancelled_call_leaves_the_stream_to_the_others(
    service: Listening, model: HalfModel, photo: Photo
) -> None:
    model.most = 0
    async with AsyncClient(service.urls["grpc"], service.new_key(), attempts=1) as client:
        tasks = [asyncio.create_task(client.remove_streamed(photo())) for _ in range(12)]
        await until(lambda: model.calls == 8)
        tasks[10].cancel()
        tasks[0].cancel()
        model.most = 12
        outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    kinds = [type(outcome).__name__ for outcome in outcomes]
    assert kinds.count("CancelledError") == 2
    assert kinds.count("Cutout") == 10


async def test_an_unreadable_image_fails_without_the_others(
    service: Listening, photo: Photo
) -> None:
    """Its message exceeds the limit of gRPC itself, which ends the stream."""
    async with AsyncClient(service.urls["grpc"], service.new_key(), attempts=2) as client:
        images = [photo()] * 4 + [b"1" * 4_000_000] + [photo()] * 4
        outcomes = await asyncio.gather(
            *(client.remove_streamed(image) for image in images), return_exceptions=True
        )
    failed = [outcome for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(failed) == 1
    assert isinstance(outcomes[4], Problem)
    assert outcomes[4].slug == "resource-exhausted"
