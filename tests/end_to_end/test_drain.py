"""A service on SIGTERM, as its clients see it."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from gateway.client import Client
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import Service, running
from tests.waiting import wait_until

NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
ENDLESS_S = 3600
"""A second signal ends the drain."""


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Service]:
    with running(tmp_path, drain_s=ENDLESS_S, mask_cache_mb=64) as service:
        yield service
        service.process.kill()


def cut_out(client: httpx.Client, service: Service) -> httpx.Response:
    return client.post(
        f"{service.url}/v1/removebg",
        headers={"X-API-Key": service.api_key},
        files={"image": PHOTO.read_bytes()},
    ).raise_for_status()


def health(service: Service) -> int:
    with grpc.insecure_channel(service.grpc_url.removeprefix("grpc://")) as channel:
        stub: Any = health_pb2_grpc.HealthStub(channel)
        status: int = stub.Check(health_pb2.HealthCheckRequest()).status
        return status


def is_ready(service: Service) -> bool:
    return httpx.get(f"{service.operations_url}/readyz").status_code == 200


def test_a_draining_service_answers_and_asks_its_clients_to_leave(service: Service) -> None:
    with httpx.Client(timeout=120) as http, Client(service.grpc_url, service.api_key) as by_grpc:
        assert "connection" not in cut_out(http, service).headers
        assert by_grpc.remove(PHOTO.read_bytes()).width
        assert is_ready(service)
        service.process.send_signal(signal.SIGTERM)
        wait_until(lambda: not is_ready(service))
        wait_until(lambda: health(service) == NOT_SERVING)
        for _ in range(2):  # on the connection from before, and on a new one
            assert cut_out(http, service).headers["connection"] == "close"
        assert by_grpc.remove(PHOTO.read_bytes()).width
        assert service.process.poll() is None
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(300) == 0
    assert "Traceback" not in service.log.read_text()


def test_an_interrupt_at_the_terminal_does_not_drain(service: Service) -> None:
    service.process.send_signal(signal.SIGINT)
    assert service.process.wait(300) == 0
