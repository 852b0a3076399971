from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub

from gateway.accounts import database
from gateway.bulk import running
from gateway.bulk.intake import Intake
from gateway.rest import app
from gateway.rpc.listener import Listener
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.conftest import model, settings
from tests.rest.gateway import core, new_key
from tests.waiting import until

__all__ = ["bulk", "model", "settings"]

Files = list[tuple[str, Any]]


@dataclass
class Bulk:
    """Both APIs with bulk jobs around the fake model."""

    client: httpx.AsyncClient
    channel: grpc.aio.Channel
    intake: Intake
    engine: Any

    @property
    def stub(self) -> Any:
        """Of gRPC."""
        return BackgroundRemovalServiceStub(self.channel)

    def metadata(self, key: str | None = None) -> tuple[tuple[str, str], ...]:
        """Of a call over gRPC."""
        return (("x-api-key", self.client.headers["X-API-Key"] if key is None else key),)

    async def job(self, job_id: str) -> dict[str, Any]:
        """As its owner sees it."""
        answer = await self.client.get(f"/v1/bulk/{job_id}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    async def ended(self, job_id: str) -> dict[str, Any]:
        """The same, once it has ended."""
        await until(lambda: self.intake.jobs.get(job_id).finished_at is not None, 20)
        return await self.job(job_id)


@pytest.fixture
async def bulk(model: HalfModel, settings: Settings) -> AsyncIterator[Bulk]:
    async with application(model, settings) as bulk:
        yield bulk


@asynccontextmanager
async def application(model: HalfModel, settings: Settings) -> AsyncIterator[Bulk]:
    """Serve until the block ends; each time with a key of its own for the default account."""
    engine = database.connect(settings.database)
    async with AsyncExitStack() as stack:
        work, gate = await stack.enter_async_context(core(model, settings, engine))
        intake = await stack.enter_async_context(running.running(engine, work.remover, settings))
        public = app.public(work, gate, intake, settings)
        transport = httpx.ASGITransport(public, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        listener = Listener(settings.model_copy(update={"grpc_port": 0}))
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}")
        async with client, channel, listener.running(work, gate, model, intake):
            client.headers["X-API-Key"] = new_key(engine)
            try:
                yield Bulk(client, channel, intake, engine)
            finally:
                intake.stop()  # as the service does
    engine.dispose()


def images(*files: bytes, field: str = "images") -> Files:
    return [(field, (f"photo {number}.png", file)) for number, file in enumerate(files)]


def stored(settings: Settings) -> list[Path]:
    """All blobs there are."""
    return [path for path in (settings.data_dir / "bulk").rglob("*") if path.is_file()]


async def accepted(bulk: Bulk, files: Files, **data: Any) -> str:
    answer = await bulk.client.post("/v1/bulk", files=files, data=data)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id
