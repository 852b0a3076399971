from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from clearbg.v1.background_removal_service_pb2_grpc import BackgroundRemovalServiceStub

from gateway.accounts import database
from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk import running
from gateway.bulk.intake import Intake
from gateway.bulk.job_store import Asked
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
    blobs: Path

    def as_another_account(self) -> None:
        """From now on, somebody else asks."""
        account = AccountStore(self.engine).create("another")
        _, secret = KeyStore(self.engine).create("theirs", account.id)
        self.client.headers["X-API-Key"] = secret

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
        """The same, once it has ended, and its images are gone."""
        await until(lambda: self.intake.jobs.get(job_id).finished_at is not None, 20)
        await until(lambda: not any((self.blobs / job_id / "in").glob("*")))
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
                yield Bulk(client, channel, intake, engine, settings.data_dir / "bulk")
            finally:
                intake.stop()  # as the service does
    engine.dispose()


def images(*files: bytes, field: str = "images") -> Files:
    return [(field, (f"photo {number}.png", file)) for number, file in enumerate(files)]


async def unqueued(bulk: Bulk, *files: bytes) -> str:
    """A job of a process that died when it had accepted it, before it could enqueue it."""
    intake, job_id = bulk.intake, f"job_{'0' * 20}"
    key = KeyStore(bulk.engine).list()[0]
    intake.jobs.begin(job_id, account_id=key.account_id, key_id=key.id, idempotency_key="")
    for number, file in enumerate(files):
        await intake.storage.put(f"{job_id}/in/{number}", file)
    asked = Asked({}, {}, webhook_url=None, has_backdrop=False, fingerprint=None)
    intake.jobs.accept(job_id, asked, [("a", "")] * len(files), timedelta(hours=1))
    return job_id


def stored(settings: Settings) -> list[Path]:
    """All blobs there are."""
    return [path for path in (settings.data_dir / "bulk").rglob("*") if path.is_file()]


async def accepted(bulk: Bulk, files: Files, **data: Any) -> str:
    answer = await bulk.client.post("/v1/bulk", files=files, data=data)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id
