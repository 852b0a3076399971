"""Many images on one stream."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Any

import grpc
import pytest
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from prometheus_client import REGISTRY

from gateway.rpc import stream
from gateway.rpc.listener import Listener
from gateway.rpc.service import NAME
from gateway.settings import Settings
from loadtest.service_process import stored_mask_service
from tests.half_model import HalfModel
from tests.rest.cases import Photo, limit
from tests.rest.gateway import serving
from tests.rpc.calls import CHANNEL, Both, both
from tests.waiting import until

IMAGES = 200
MB = 2**20


def one(id_: str, image: bytes) -> pb.RemoveBackgroundStreamRequest:
    return pb.RemoveBackgroundStreamRequest(id=id_, request=pb.RemoveBackgroundRequest(image=image))


async def outcomes(call: Any) -> dict[str, str]:
    """What became of each id; every id may come once."""
    answers: dict[str, str] = {}
    async for answer in call:
        assert answer.id not in answers
        answers[answer.id] = answer.problem.slug or answer.WhichOneof("outcome")
    return answers


def in_flight() -> tuple[float, float]:
    """Pixels, and bytes of uploads and answers."""
    names = ("clearbg_pixels_in_flight", "clearbg_upload_bytes_in_flight")
    return tuple(REGISTRY.get_sample_value(name) or 0.0 for name in names)  # type: ignore[return-value]


async def test_an_invalid_image_does_not_affect_the_others(gateway: Both, photo: Photo) -> None:
    sent = [
        one("good", photo()),
        one("bad", b"x"),
        one("large", b"1" * 1_000_001),
        one("", photo()),
        one("i" * 129, photo()),
    ]
    call = gateway.stub.RemoveBackgroundStream(iter(sent), metadata=gateway.metadata())
    assert await outcomes(call) == {
        "good": "result",
        "bad": "bad-image",
        "large": "image-too-large",
        "": "result",
        "i" * 128: "bad-request",
    }
    assert await gateway.http.charged() == 2
    trailing = dict(await call.trailing_metadata())
    assert trailing["x-request-id"]


async def test_a_streamed_image_is_that_of_a_call_of_its_own(gateway: Both, photo: Photo) -> None:
    by_call = await gateway.call(pb.RemoveBackgroundRequest(image=photo()))
    async for answer in gateway.stub.RemoveBackgroundStream(
        iter([one("a", photo())]), metadata=gateway.metadata()
    ):
        assert answer.result.image == by_call.result.image
        assert answer.result.foreground == by_call.result.foreground


async def test_each_image_counts_against_the_limits_by_itself(
    settings: Settings, model: HalfModel, photo: Photo
) -> None:
    chosen = settings.model_copy(update=limit(requests=5))
    async with both(model, chosen) as gateway:
        sent = (one(str(n), photo()) for n in range(8))
        call = gateway.stub.RemoveBackgroundStream(sent, metadata=gateway.metadata())
        waits = []
        async for answer in call:
            if answer.HasField("problem"):
                assert answer.problem.slug == "rate-limited"
                assert answer.problem.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
                waits.append(answer.problem.retry_after.seconds)
        assert len(waits) == 3
        assert all(1 <= wait_s <= 120 for wait_s in waits)


@pytest.mark.parametrize("key", ["", "cbg_wrong"])
async def test_a_wrong_key_ends_the_stream(gateway: Both, photo: Photo, key: str) -> None:
    call = gateway.stub.RemoveBackgroundStream(
        iter([one("a", photo())]), metadata=gateway.metadata(key)
    )
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await outcomes(call)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_key_that_is_revoked_meanwhile_ends_the_stream(
    settings: Settings, model: HalfModel, photo: Photo
) -> None:
    async with both(model, settings.model_copy(update={"key_cache_s": 0})) as gateway:
        call = gateway.stub.RemoveBackgroundStream(metadata=gateway.metadata())
        await call.write(one("a", photo()))
        assert (await call.read()).HasField("result")
        gateway.http.keys.revoke(gateway.http.keys.list()[0].id)
        await call.write(one("b", photo()))
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call.read()
        assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_a_fast_sender_waits(settings: Settings, model: HalfModel, photo: Photo) -> None:
    """No more than the places of a stream is read, however much is sent."""
    model.most = 0
    async with both(model, settings.model_copy(update={"grpc_stream_images": 3})) as gateway:
        sent = (one(str(n), photo()) for n in range(9))
        call = gateway.stub.RemoveBackgroundStream(sent, metadata=gateway.metadata())
        await until(lambda: model.calls == 3)
        await asyncio.sleep(0.1)  # for a fourth one, if it were read
        assert model.calls == 3
        model.most = 9
        assert Counter((await outcomes(call)).values()) == {"result": 9}


async def test_a_cancelled_stream_frees_everything(
    settings: Settings, model: HalfModel, photo: Photo
) -> None:
    model.most = 0
    async with both(model, settings) as gateway:
        sent = (one(str(n), photo()) for n in range(50))
        call = gateway.stub.RemoveBackgroundStream(sent, metadata=gateway.metadata())
        await until(lambda: model.calls == 8)
        pixels, uploads = in_flight()
        assert pixels > 0
        assert uploads > 0
        call.cancel()
        await until(lambda: in_flight() == (0, 0))
        assert model.calls == 8
        assert await gateway.http.charged() == 0


async def test_a_shutdown_answers_requests_that_were_read(
    settings: Settings, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.3
    chosen = settings.model_copy(update={"grpc_stream_images": 2, "grpc_port": 0})
    listener = Listener(chosen)
    async with (
        serving(model, chosen) as http,
        grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}") as channel,
    ):
        metadata = (("x-api-key", http.client.headers["X-API-Key"]),)
        async with listener.running(http.handler, http.authenticator, model):
            stub: Any = BackgroundRemovalServiceStub(channel)
            call = stub.RemoveBackgroundStream(metadata=metadata)
            for n in range(2):
                await call.write(one(str(n), photo()))
            await until(lambda: model.calls == 2)
        assert [(await call.read()).WhichOneof("outcome") for _ in range(2)] == ["result"] * 2
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await call.read()
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE
        assert ("problem", "model-unavailable") in tuple(ended.value.trailing_metadata() or ())


async def test_an_idle_stream_is_closed_for_others(
    gateway: Both, model: HalfModel, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.most = 0
    call = gateway.stub.RemoveBackgroundStream(metadata=gateway.metadata())
    await call.write(one("a", photo()))
    await call.write(one("b", photo()))
    await until(lambda: model.calls == 2)
    monkeypatch.setattr(stream, "IDLE_S", 0.2)  # for the waits after the next image
    await call.write(one("c", photo()))
    await until(lambda: model.calls == 3)
    await asyncio.sleep(0.5)
    await call.write(one("d", photo()))  # the images in progress have kept it open
    await until(lambda: model.calls == 4)
    model.most = 4
    for _ in "abcd":
        assert (await call.read()).HasField("result")
    with pytest.raises(grpc.aio.AioRpcError, match="open a new stream") as ended:
        await call.read()
    assert ended.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_an_invalid_message_ends_the_stream_after_the_valid_ones(
    gateway: Both, photo: Photo
) -> None:
    sent: Any = iter([one("a", photo()).SerializeToString(), b"\xff\xff"])
    method: Any = gateway.channel.stream_stream(f"/{NAME}/RemoveBackgroundStream")
    call = method(sent, metadata=gateway.metadata())
    answer = pb.RemoveBackgroundStreamResponse.FromString(await anext(aiter(call)))
    assert answer.id == "a"
    assert await call.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_the_number_of_open_streams_is_limited(
    settings: Settings, model: HalfModel, photo: Photo
) -> None:
    chosen = settings.model_copy(update={"max_upload_bytes_in_flight": 5_000_000})
    async with both(model, chosen) as gateway:
        first = gateway.stub.RemoveBackgroundStream(metadata=gateway.metadata())
        await first.write(one("a", photo()))
        await first.read()
        second = gateway.stub.RemoveBackgroundStream(iter([]), metadata=gateway.metadata())
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await outcomes(second)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
        await first.done_writing()
        assert await first.read() is grpc.aio.EOF
        third = gateway.stub.RemoveBackgroundStream(
            iter([one("a", photo())]), metadata=gateway.metadata()
        )
        assert await outcomes(third) == {"a": "result"}


@pytest.mark.real
async def test_a_slow_reader_fills_no_memory(photo: Photo, tmp_path: Path) -> None:
    """200 answers of 3 MB, of which 600 MB would be held without flow control."""
    noisy = photo(1000, 1000, "PNG", compress_level=0)
    with stored_mask_service(tmp_path) as service:
        async with grpc.aio.insecure_channel(service.grpc_target, options=CHANNEL) as channel:
            stub: Any = BackgroundRemovalServiceStub(channel)
            sent = (one(str(n), noisy) for n in range(IMAGES))
            call = stub.RemoveBackgroundStream(sent, metadata=(("x-api-key", service.key),))
            seen, memory = Counter[str](), []
            async for answer in call:
                assert answer.HasField("result")
                seen[answer.id] += 1
                await asyncio.sleep(0.02)
                memory.append(service.rss_bytes())
    assert seen == Counter(str(n) for n in range(IMAGES))
    half = len(memory) // 2
    # Without flow control the second half would add 300 MB; the C library keeps some of its own.
    assert max(memory[half:]) - max(memory[:half]) < 100 * MB
    assert max(memory) - memory[0] < 300 * MB
