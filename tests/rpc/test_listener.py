"""Ports, TLS, health, and how the server stops."""

import asyncio
from pathlib import Path
from typing import Any

import grpc
import pytest
import trustme
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from grpc_health.v1 import health_pb2, health_pb2_grpc
from prometheus_client import REGISTRY

from gateway.client import Client, Problem
from gateway.network.ports import PortTaken
from gateway.network.tls import BadCertificate, check
from gateway.rpc.listener import Listener
from gateway.rpc.service import NAME
from gateway.settings import Settings
from loadtest.ports import free_port
from tests.half_model import HalfModel
from tests.listening import listening
from tests.rest.cases import Photo
from tests.rest.gateway import serving
from tests.rpc.calls import Both
from tests.waiting import until

SERVING, NOT_SERVING = 1, 2
IN_FLIGHT = "clearbg_requests_in_flight"
REMOVE = f"/{NAME}/RemoveBackground"


async def test_watchers_of_health_see_the_model_come_and_go(
    gateway: Both, model: HalfModel
) -> None:
    stub: Any = health_pb2_grpc.HealthStub(gateway.channel)
    leaving, staying = (stub.Watch(health_pb2.HealthCheckRequest(service=NAME)) for _ in range(2))
    assert (await leaving.read()).status == (await staying.read()).status == SERVING
    leaving.cancel()  # must not take the other one's news away
    model.fail = RuntimeError("gone")
    assert (await asyncio.wait_for(staying.read(), 60)).status == NOT_SERVING
    assert (await stub.Check(health_pb2.HealthCheckRequest())).status == NOT_SERVING
    model.fail = None
    assert (await asyncio.wait_for(staying.read(), 60)).status == SERVING
    with pytest.raises(grpc.aio.AioRpcError) as unknown:
        await stub.Check(health_pb2.HealthCheckRequest(service="x.y.Z"))
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
    other = stub.Watch(health_pb2.HealthCheckRequest(service="x.y.Z"))
    assert (await other.read()).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN
    for call in (staying, other):
        call.cancel()
    await gateway.channel.close(1)


async def test_a_shutdown_finishes_calls_and_notifies_watchers(
    settings: Settings, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.5
    listener = Listener(settings.model_copy(update={"grpc_port": 0, "shutdown_timeout_s": 600}))
    async with (
        serving(model, settings) as http,
        grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}") as channel,
    ):
        async with listener.running(http.handler, http.authenticator, model):
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
        assert asyncio.get_running_loop().time() - stopping_at < 60
        assert (await call).result.width == 64
        assert (await watching.read()).status == NOT_SERVING
        with pytest.raises(grpc.aio.AioRpcError):
            await stub.RemoveBackground(pb.RemoveBackgroundRequest(), metadata=metadata)


async def test_an_idle_call_does_not_delay_the_shutdown(
    settings: Settings, model: HalfModel
) -> None:
    chosen = settings.model_copy(update={"grpc_port": 0, "request_timeout_s": 600})
    listener = Listener(chosen)
    async with (
        serving(model, chosen) as http,
        grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}") as channel,
    ):
        metadata = (("x-api-key", http.client.headers["X-API-Key"]),)
        async with listener.running(http.handler, http.authenticator, model):
            call: Any = channel.stream_unary(REMOVE)(metadata=metadata)
            await until(lambda: bool(REGISTRY.get_sample_value(IN_FLIGHT, {"transport": "grpc"})))
            stopping_at = asyncio.get_running_loop().time()
        assert asyncio.get_running_loop().time() - stopping_at < 60
        with pytest.raises(grpc.aio.AioRpcError) as ended:
            await call
        assert ended.value.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_port_in_use_is_reported(gateway: Both, settings: Settings) -> None:
    with pytest.raises(PortTaken, match="CLEARBG_GRPC_PORT"):
        Listener(settings.model_copy(update={"grpc_port": gateway.port}))


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


def test_an_invalid_certificate_is_reported(settings: Settings, tmp_path: Path) -> None:
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


def test_contradictory_settings_are_rejected() -> None:
    with pytest.raises(ValueError, match="one of CLEARBG_HTTP and CLEARBG_GRPC"):
        Settings(http="off", grpc="off")
    with pytest.raises(ValueError, match="go together"):
        Settings(tls_cert="a.pem", grpc_port=free_port())
