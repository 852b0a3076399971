"""What the service writes down as JSON, and what it never does."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Any

import httpx
import numpy as np
import pytest
from aiohttp import web
from clearbg.v1 import background_removal_service_pb2 as pb
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub
from grpc import StatusCode, aio
from PIL import Image

from tests.end_to_end import service
from tests.end_to_end.service import Service
from tests.rest.cases import Photo
from tests.servers.web import answering
from tests.waiting import until

pytestmark = pytest.mark.real

SECRETS = ("hunter2", "t0ken", "c0py", "cbg_wrong")
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service.running(
        tmp_path_factory.mktemp("logs"),
        log_level="debug",
        log_format="json",
        image_urls="on",
        image_url_networks="127.0.0.0/8",
        webhook_networks="127.0.0.0/8",
        otlp_url="http://127.0.0.1:9",
    ) as running:
        yield running


def lines(running: Service) -> list[dict[str, Any]]:
    """All that was logged after the welcome, which is printed."""
    _, _, logged = running.log.read_text().rpartition(running.curl)
    return [json.loads(line) for line in logged.splitlines() if line.strip()]


def tiff() -> bytes:
    """A picture whose metadata Pillow itself tells at level debug."""
    out = BytesIO()
    picture = Image.fromarray(np.full((48, 64, 3), 90, np.uint8))
    picture.save(out, "TIFF", tiffinfo={33432: "c0py"})
    return out.getvalue()


@dataclass
class OtherServer:
    """Serves what the service fetches, and receives its webhooks, of which the first one fails."""

    damaged: bytes
    hooks: list[bytes] = field(default_factory=list)

    async def answer(self, request: web.Request) -> web.Response:
        if request.path == "/hook":
            self.hooks.append(await request.read())
            return web.Response(status=500 if len(self.hooks) == 1 else 200)
        status = 200 if "damaged" in request.path else 404
        return web.Response(body=self.damaged, status=status)


async def send_by_http(running: Service, address: str, damaged: bytes) -> None:
    """Send images, URLs, a wrong key and a bulk job, most of them with a secret in them."""
    key = {"X-API-Key": running.api_key}
    async with httpx.AsyncClient(base_url=running.url, headers=key, timeout=60) as client:
        sent: dict[str, Any] = {"headers": {"traceparent": TRACEPARENT, "X-Request-Id": "mine"}}
        done = await client.post("/v1/removebg", files={"image": tiff()}, **sent)
        assert done.status_code == 200
        for path in ("damaged.png", "missing.png"):
            url = f"http://{address}/{path}?token=t0ken"
            assert (await client.post("/v1/removebg", json={"image_url": url})).status_code == 400
        await client.post("/v1/removebg", headers={"X-API-Key": "cbg_wrong"})
        await client.get("/nowhere?token=t0ken")
        webhook_url = f"http://user:hunter2@{address}/hook?token=t0ken"
        files = {"images": damaged}
        job = await client.post("/v1/bulk", files=files, data={"webhook_url": webhook_url})
        assert job.status_code == 202


async def send_by_grpc(running: Service, damaged: bytes) -> None:
    """Send a damaged image."""
    async with aio.insecure_channel(running.grpc_url.removeprefix("grpc://")) as channel:
        metadata = (("x-api-key", running.api_key), ("traceparent", TRACEPARENT))
        request = pb.RemoveBackgroundRequest(image=damaged)
        call = BackgroundRemovalServiceStub(channel).RemoveBackground(request, metadata=metadata)
        assert await call.code() is StatusCode.INVALID_ARGUMENT


def assert_no_secrets(logged: list[dict[str, Any]], api_key: str) -> None:
    text = json.dumps(logged)
    assert [secret for secret in (*SECRETS, api_key) if secret in text] == []


def assert_request_is_logged(logged: list[dict[str, Any]]) -> None:
    """The request over HTTP that had an id of its own, in one line."""
    (line,) = [each for each in logged if each.get("request_id") == "mine"]
    assert line.pop("message").startswith("http POST /v1/removebg 200 ")
    assert datetime.fromisoformat(line.pop("timestamp")).utcoffset() is not None
    assert 0 < line.pop("seconds") < 60
    assert len(line.pop("span_id")) == 16
    assert line == {
        "level": "INFO",
        "logger": "gateway.observability.access_log",
        "transport": "http",
        "route": "POST /v1/removebg",
        "status": 200,
        "request_id": "mine",
        "trace_id": TRACE,
    }


async def test_lines_tell_whose_they_are_and_no_secrets(running: Service, photo: Photo) -> None:
    damaged = photo()[:-30]
    other_server = OtherServer(damaged)
    async with answering(other_server.answer) as address:
        await send_by_http(running, address, damaged)
        await send_by_grpc(running, damaged)
        await until(lambda: bool(other_server.hooks))
    running.process.terminate()
    running.process.wait(60)
    logged = lines(running)
    assert {"level", "logger", "message", "timestamp"} <= set.intersection(*map(set, logged))
    assert_no_secrets(logged, running.api_key)
    assert_request_is_logged(logged)
    (line,) = [each for each in logged if each.get("transport") == "grpc"]
    assert (line["status"], line["trace_id"]) == ("INVALID_ARGUMENT", TRACE)
