"""What is gRPC's own: tensors, deadlines, cancellation, health, reflection, TLS."""

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
import trustme
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import REGISTRY

from gateway.client import Client, Problem
from gateway.errors import Overloaded
from gateway.ports import PortTaken
from gateway.rpc.listener import Listener
from gateway.rpc.places import Places
from gateway.rpc.service import NAME
from gateway.settings import Settings
from gateway.tls import BadCertificate, check
from loadtest.ports import free_port
from tests.half_model import HalfModel
from tests.listening import listening
from tests.rest.cases import Photo
from tests.rest.gateway import serving
from tests.rpc.calls import Both, both, details
from tests.waiting import until

GRPCURL = Path(sys.executable).with_name("grpcurl")
SERVING, NOT_SERVING = 1, 2
REMOVE = f"/{NAME}/RemoveBackground"


def counted(**labels: str) -> float:
    return REGISTRY.get_sample_value("clearbg_requests_total", labels) or 0.0


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
async def test_a_tensor_of_another_size_is_refused(
    settings: Settings, model: HalfModel, size: int
) -> None:
    roomy = settings.model_copy(update={"max_image_bytes": 5_000_000})
    async with both(model, roomy) as gateway:
        request = pb.SegmentTensorRequest(image=bytes(size))
        with pytest.raises(grpc.aio.AioRpcError, match="3145728 bytes") as refused:
            await gateway.stub.SegmentTensor(request, metadata=gateway.metadata())
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert await gateway.http.charged() == 0


async def test_the_callers_deadline_is_the_works_deadline(
    gateway: Both, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 30
    request = pb.RemoveBackgroundRequest(image=photo())
    with pytest.raises(grpc.aio.AioRpcError) as late:
        await gateway.stub.RemoveBackground(request, metadata=gateway.metadata(), timeout=0.3)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
    await until(lambda: not REGISTRY.get_sample_value("clearbg_pixels_in_flight"))
    assert await gateway.http.charged() == 0


async def test_the_services_own_deadline_holds_for_tensors_too(
    gateway: Both, model: HalfModel, settings: Settings
) -> None:
    model.delay_s = 30
    request = pb.SegmentTensorRequest(image=bytes(1024 * 1024 * 3))
    with pytest.raises(grpc.aio.AioRpcError, match="within 2 seconds") as late:
        await gateway.stub.SegmentTensor(request, metadata=gateway.metadata(), timeout=60)
    assert late.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


async def test_a_client_that_leaves_is_no_bug_of_ours(
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


async def test_a_call_that_sends_nothing_does_not_hold_up_the_end(
    settings: Settings, model: HalfModel
) -> None:
    chosen = settings.model_copy(update={"grpc_port": 0, "request_timeout_s": 30})
    listener = Listener(chosen)
    async with (
        serving(model, chosen) as http,
        grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}") as channel,
    ):
        metadata = (("x-api-key", http.client.headers["X-API-Key"]),)
        async with listener.running(http.work, http.gate, model):
            call: Any = channel.stream_unary(REMOVE)(metadata=metadata)
            await asyncio.sleep(0.3)
            stopping_at = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - stopping_at < 5
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await call
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_one_key_cannot_take_all_places() -> None:
    places = Places(4, "messages are being read")
    async with AsyncExitStack() as held:
        for _ in range(2):
            await held.enter_async_context(places.place(1, 0.05))
        with pytest.raises(Overloaded, match="messages are being read"):
            await held.enter_async_context(places.place(1, 0.05))
        for _ in range(2):
            await held.enter_async_context(places.place(2, 0.05))
        with pytest.raises(Overloaded):
            await held.enter_async_context(places.place(3, 0.05))
    async with places.place(3, 0.05), places.place(1, 0.05), places.place(1, 0.05):
        pass


async def test_a_cancelled_call_frees_its_place(
    gateway: Both, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 30
    before = counted(route=REMOVE, status="CANCELLED")
    call = gateway.stub.RemoveBackground(
        pb.RemoveBackgroundRequest(image=photo()), metadata=gateway.metadata()
    )
    await until(lambda: model.calls == 1)
    assert REGISTRY.get_sample_value("clearbg_pixels_in_flight")
    call.cancel()
    await until(lambda: not REGISTRY.get_sample_value("clearbg_pixels_in_flight"))
    await until(lambda: counted(route=REMOVE, status="CANCELLED") == before + 1)


async def test_what_is_no_message_is_refused(gateway: Both) -> None:
    sent: Any
    for sent in ([b"\xff\xff"], []):
        call: Any = gateway.channel.stream_unary(REMOVE)(iter(sent), metadata=gateway.metadata())
        with pytest.raises(grpc.aio.AioRpcError) as refused:
            await call
        assert refused.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert ("problem", "bad-request") in tuple(refused.value.trailing_metadata() or ())


async def test_a_wrong_key_is_refused_before_the_image_is_read(gateway: Both) -> None:
    call: Any = gateway.channel.stream_unary(REMOVE)(metadata=gateway.metadata("cbg_wrong"))
    with pytest.raises(grpc.aio.AioRpcError) as refused:  # and nothing has been sent
        await asyncio.wait_for(call, 2)
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
async def test_values_that_the_contract_has_no_name_for_are_refused(
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


async def test_health_follows_the_model_and_says_so_to_all_who_watch(
    gateway: Both, model: HalfModel
) -> None:
    stub: Any = health_pb2_grpc.HealthStub(gateway.channel)
    leaving, staying = (stub.Watch(health_pb2.HealthCheckRequest(service=NAME)) for _ in range(2))
    assert (await leaving.read()).status == (await staying.read()).status == SERVING
    leaving.cancel()  # must not take the other one's news away
    model.fail = RuntimeError("gone")
    assert (await asyncio.wait_for(staying.read(), 3)).status == NOT_SERVING
    assert (await stub.Check(health_pb2.HealthCheckRequest())).status == NOT_SERVING
    model.fail = None
    assert (await asyncio.wait_for(staying.read(), 3)).status == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await stub.Check(health_pb2.HealthCheckRequest(service="x.y.Z"))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
    other = stub.Watch(health_pb2.HealthCheckRequest(service="x.y.Z"))
    assert (await other.read()).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    for call in (staying, other):
        call.cancel()
    await gateway.channel.close(1)


async def test_stopping_finishes_calls_and_tells_who_watches(
    settings: Settings, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.5
    listener = Listener(settings.model_copy(update={"grpc_port": 0, "shutdown_timeout_s": 20}))
    async with (
        serving(model, settings) as http,
        grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}") as channel,
    ):
        async with listener.running(http.work, http.gate, model):
            health: Any = health_pb2_grpc.HealthStub(channel)
            watching = health.Watch(health_pb2.HealthCheckRequest())
            assert (await watching.read()).status == SERVING
            stub: Any = BackgroundRemovalServiceStub(channel)
            metadata = (("x-api-key", http.client.headers["X-API-Key"]),)
            call = stub.RemoveBackground(
                pb.RemoveBackgroundRequest(image=photo()), metadata=metadata
            )
            await until(lambda: model.calls == 1)
            stopping_at = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - stopping_at < 5
        assert (await call).result.width == 64
        assert (await watching.read()).status == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.RemoveBackground(pb.RemoveBackgroundRequest(), metadata=metadata)


async def test_a_port_in_use_is_told(gateway: Both, settings: Settings) -> None:
    with pytest.raises(PortTaken, match="CLEARBG_GRPC_PORT"):
        Listener(settings.model_copy(update={"grpc_port": gateway.port}))


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


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def test_both_apis_speak_tls(
    model: HalfModel, settings: Settings, photo: Photo, authority: trustme.CA, tmp_path: Path
) -> None:
    issued = authority.issue_cert("127.0.0.1", "localhost")
    ca, cert, key = (tmp_path / name for name in ("ca.pem", "cert.pem", "key.pem"))
    authority.cert_pem.write_to_path(str(ca))
    issued.private_key_pem.write_to_path(str(key))
    for blob in issued.cert_chain_pems:
        blob.write_to_path(str(cert), append=True)
    chosen = settings.model_copy(update={"tls_cert": str(cert), "tls_key": str(key)})
    check(chosen)
    with listening(model, chosen) as service:
        secret = service.new_key()
        for scheme, port in (("https", service.http_port), ("grpcs", service.grpc_port)):
            url = f"{scheme}://127.0.0.1:{port}"
            with Client(url, secret, ca_file=str(ca)) as client:
                assert client.remove(photo()).width == 64
            with Client(url, secret, attempts=1) as strict, pytest.raises(Problem):
                strict.remove(photo())  # an authority that nobody knows
            with (
                Client(url.replace("s:", ":", 1), secret, attempts=1) as plain,
                pytest.raises(Problem),
            ):
                plain.remove(photo())


def test_a_certificate_that_is_none_is_told(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "x").write_text("x")
    for path in ("x", "missing"):
        files = {"tls_cert": str(tmp_path / path), "tls_key": str(tmp_path / path)}
        with pytest.raises(BadCertificate, match="CLEARBG_TLS_CERT"):
            check(settings.model_copy(update=files))


@pytest.mark.parametrize("off", ["http", "grpc"])
def test_either_api_can_be_off(
    model: HalfModel, settings: Settings, photo: Photo, off: str
) -> None:
    on = "grpc" if off == "http" else "http"
    with listening(model, settings.model_copy(update={off: "off"})) as service:
        with Client(service.urls[on], service.new_key()) as client:
            assert client.remove(photo()).width == 64
        with (
            Client(service.urls[off], service.new_key(), attempts=1) as client,
            pytest.raises(Problem, match="does not answer"),
        ):
            client.remove(photo())


def test_settings_that_do_not_go_together_are_refused() -> None:
    with pytest.raises(ValueError, match="one of CLEARBG_HTTP and CLEARBG_GRPC"):
        Settings(http="off", grpc="off")
    with pytest.raises(ValueError, match="go together"):
        Settings(tls_cert="a.pem", grpc_port=free_port())
