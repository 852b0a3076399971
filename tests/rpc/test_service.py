"""What is gRPC's own: tensors, deadlines, cancellation, messages, reflection."""

import asyncio
import json
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pytest
from clearbg.v1 import background_removal_service_pb2 as pb
from prometheus_client import REGISTRY

from gateway.errors import Overloaded
from gateway.limits.receive_slots import ReceiveSlots
from gateway.rpc.service import NAME, max_message_bytes
from gateway.settings import Settings
from serving.manifest import Manifest, Network
from tests.half_model import HalfModel
from tests.listening import listening
from tests.rest.cases import Photo
from tests.rpc.calls import Both, both, details
from tests.waiting import until

GRPCURL = Path(sys.executable).with_name("grpcurl")
REMOVE = f"/{NAME}/RemoveBackground"


def counted(**labels: str) -> float:
    return (
        REGISTRY.get_sample_value("clearbg_requests_total", labels | {"transport": "grpc"}) or 0.0
    )


async def test_a_tensor_gets_the_models_own_mask(gateway: Both) -> None:
    request = pb.SegmentTensorRequest(image=bytes(1024 * 1024 * 3))
    answer = await gateway.stub.SegmentTensor(request, metadata=gateway.metadata())
    mask = np.frombuffer(answer.mask, np.uint8).reshape(1024, 1024)
    assert mask[:, :512].min() == 255
    assert mask[:, 512:].max() == 0
    assert (answer.model_version, answer.device) == ("half-1", "cpu")
    assert answer.confidence == 1
    assert await gateway.http.charged() == 1


@pytest.mark.parametrize("size", [0, 1024 * 1024 * 3 - 1, 1024 * 1024 * 4])
async def test_a_tensor_of_another_size_is_rejected(
    settings: Settings, model: HalfModel, size: int
) -> None:
    roomy = settings.model_copy(update={"max_image_bytes": 5_000_000})
    async with both(model, roomy) as gateway:
        request = pb.SegmentTensorRequest(image=bytes(size))
        with pytest.raises(grpc.aio.AioRpcError, match="3145728 bytes") as refused:
            await gateway.stub.SegmentTensor(request, metadata=gateway.metadata())
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert await gateway.http.charged() == 0


def test_a_message_has_room_for_a_tensor_of_the_default_model(
    settings: Settings, tmp_path: Path
) -> None:
    folder = tmp_path / "large" / "1"
    folder.mkdir(parents=True)
    Manifest("large-1", "now", {}, "MIT", {}, {}, {}, [], network=Network(side=2048)).write(folder)
    small = {"model": "large", "model_repository": tmp_path, "max_image_bytes": 1000}
    assert max_message_bytes(settings.model_copy(update=small)) > 3 * 2048**2


async def test_the_callers_deadline_applies_to_the_image(
    gateway: Both, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 600
    request = pb.RemoveBackgroundRequest(image=photo())
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await gateway.stub.RemoveBackground(request, metadata=gateway.metadata(), timeout=0.3)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not REGISTRY.get_sample_value("clearbg_pixels_in_flight"))
    assert await gateway.http.charged() == 0


async def test_the_services_own_deadline_holds_for_tensors_too(
    model: HalfModel, settings: Settings
) -> None:
    model.delay_s = 600
    request = pb.SegmentTensorRequest(image=bytes(1024 * 1024 * 3))
    async with both(model, settings.model_copy(update={"request_timeout_s": 2})) as gateway:
        with pytest.raises(grpc.aio.AioRpcError, match="within 2 seconds") as late:
            await gateway.stub.SegmentTensor(request, metadata=gateway.metadata(), timeout=60)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_disconnected_client_is_not_an_internal_error(
    gateway: Both, model: HalfModel, photo: Photo, caplog: pytest.LogCaptureFixture
) -> None:
    bugs = REGISTRY.get_sample_value("clearbg_errors_total", {"slug": "internal"})
    large = photo(450, 450, "PNG", compress_level=0)
    for _ in range(5):
        call = gateway.stub.RemoveBackground(
            pb.RemoveBackgroundRequest(image=large), metadata=gateway.metadata()
        )
        before = model.calls
        await until(lambda before=before: model.calls > before)  # type: ignore[misc]
        call.cancel()
    await asyncio.sleep(0.3)
    assert "unforeseen" not in caplog.text
    assert REGISTRY.get_sample_value("clearbg_errors_total", {"slug": "internal"}) == bugs


async def test_one_key_cannot_take_all_slots() -> None:
    slots = ReceiveSlots(4, "messages are being read")
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(slots.slot(1, 0.05))
        with pytest.raises(Overloaded, match="messages are being read"):
            await held.enter_async_context(slots.slot(1, 0.05))
        for _ in range(2):
            await held.enter_async_context(slots.slot(2, 0.05))
        with pytest.raises(Overloaded):
            await held.enter_async_context(slots.slot(3, 0.05))
    async with slots.slot(3, 0.05), slots.slot(1, 0.05), slots.slot(1, 0.05):
        pass


async def test_a_cancelled_call_frees_its_slot(
    gateway: Both, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 600
    before = counted(route=REMOVE, status="CANCELLED")
    call = gateway.stub.RemoveBackground(
        pb.RemoveBackgroundRequest(image=photo()), metadata=gateway.metadata()
    )
    await until(lambda: model.calls == 1)
    assert REGISTRY.get_sample_value("clearbg_pixels_in_flight")
    call.cancel()
    await until(lambda: not REGISTRY.get_sample_value("clearbg_pixels_in_flight"))
    await until(lambda: counted(route=REMOVE, status="CANCELLED") == before + 1)


async def test_an_invalid_message_is_rejected(gateway: Both) -> None:
    sent: Any
    for sent in ([b"\xff\xff"], []):
        call: Any = gateway.channel.stream_unary(REMOVE)(iter(sent), metadata=gateway.metadata())
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert ("problem", "bad-request") in tuple(refused.value.trailing_metadata() or ())


async def test_a_wrong_key_is_rejected_before_the_image_is_read(gateway: Both) -> None:
    call: Any = gateway.channel.stream_unary(REMOVE)(metadata=gateway.metadata("cbg_wrong"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:  # and nothing has been sent
        await asyncio.wait_for(call, 60)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_a_key_may_come_as_a_bearer_token(gateway: Both, photo: Photo, scheme: str) -> None:
    metadata = (("authorization", f"{scheme} {gateway.key}"), ("x-request-id", "mine-1"))
    call = gateway.stub.RemoveBackground(
        pb.RemoveBackgroundRequest(image=photo()), metadata=metadata
    )
    assert (await call).result.width == 64
    assert dict(await call.trailing_metadata())["x-request-id"] == "mine-1"


@pytest.mark.parametrize(
    "options",
    [{"format": 99}, {"channels": 99}, {"shadow": float("nan")}, {"size": "x" * 5000}],
    ids=str,
)
async def test_unknown_enum_values_are_rejected(
    gateway: Both, photo: Photo, options: dict[str, Any]
) -> None:
    request = pb.RemoveBackgroundRequest(image=photo(), options=options)
    with pytest.raises(grpc.aio.AioRpcError) as refused:
        await gateway.call(request)
    assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert next(iter(options)) in (refused.value.details() or "")
    assert "BadRequest" in await details(refused.value)


async def test_requests_are_counted_by_status(gateway: Both, photo: Photo) -> None:
    before = [counted(route=REMOVE, status=status) for status in ("OK", "UNAUTHENTICATED")]
    await gateway.call(pb.RemoveBackgroundRequest(image=photo()))
    with pytest.raises(grpc.aio.AioRpcError):
        await gateway.call(pb.RemoveBackgroundRequest(image=photo()), "cbg_wrong")
    after = [counted(route=REMOVE, status=status) for status in ("OK", "UNAUTHENTICATED")]
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1]


@pytest.mark.real
def test_grpcurl_lists_describes_and_calls(
    model: HalfModel, settings: Settings, photo: Photo, tmp_path: Path
) -> None:
    import base64

    def grpcurl(*arguments: str, sent: str = "") -> str:
        done = subprocess.run(
            [GRPCURL, "-plaintext", *arguments], input=sent, capture_output=True, text=True
        )
        return done.stdout + done.stderr

    with listening(model, settings) as service:
        host = f"127.0.0.1:{service.grpc_port}"
        assert grpcurl(host, "list").split() == [
            NAME,
            "grpc.health.v1.Health",
            "grpc.reflection.v1alpha.ServerReflection",
        ]
        assert "rpc RemoveBackground " in grpcurl(host, "describe", NAME)
        assert "crop_margin" in grpcurl(host, "describe", "clearbg.v1.Options")
        asked = {
            "image": base64.b64encode(photo()).decode(),
            "options": {"format": "FORMAT_JPG", "size": "32x32"},
        }
        key = f"x-api-key: {service.new_key()}"
        method = f"{NAME}/RemoveBackground"
        answer = grpcurl("-H", key, "-d", "@", host, method, sent=json.dumps(asked))
        assert json.loads(answer)["result"]["width"] == 32
        refused = grpcurl("-d", "{}", host, method)
        assert "Unauthenticated" in refused
        assert "X-API-Key" in refused
