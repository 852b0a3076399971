import os
import sys
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
from sqlalchemy import Engine

from gateway.accounts import database
from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk import runtime
from gateway.bulk.draft_store import DraftStore, JobRequest
from gateway.bulk.job_queue import JobQueue
from gateway.bulk.job_store import JobStore
from gateway.bulk.services import BulkServices
from gateway.bulk.storage import Storage, image_path
from gateway.dashboard.app import website
from gateway.docs.app import with_docs
from gateway.rest import app
from gateway.rpc.listener import Listener
from gateway.settings import Settings
from tests.conftest import ENGINE
from tests.half_model import HalfModel
from tests.rest.conftest import model, settings
from tests.rest.gateway import core, new_key
from tests.waiting import until

__all__ = ["bulk", "model", "settings"]

Files = list[tuple[str, Any]]


@dataclass
class Bulk:
    """HTTP and gRPC with bulk jobs around the fake model."""

    client: httpx.AsyncClient
    channel: grpc.aio.Channel
    services: BulkServices
    engine: Engine
    blobs: Path

    def switch_account(self) -> None:
        """Send all further requests with the key of a new account."""
        account = AccountStore(self.engine).create("another")
        _, secret = KeyStore(self.engine).create("theirs", account.id)
        self.client.headers["X-API-Key"] = secret

    @property
    def jobs(self) -> JobStore:
        """The jobs in the database."""
        return JobStore(self.engine)

    @property
    def drafts(self) -> DraftStore:
        """The drafts in the database."""
        return DraftStore(self.engine)

    @property
    def storage(self) -> Storage:
        """The service's own storage."""
        return self.services.receiver.storage

    @property
    def queue(self) -> JobQueue:
        """The service's own queue."""
        return self.services.receiver.queue

    @property
    def worker(self) -> Any:
        """The worker that processes the queue."""
        process: Any = self.queue._process_job
        return process.__self__

    @property
    def stub(self) -> Any:
        """A gRPC client."""
        return BackgroundRemovalServiceStub(self.channel)

    def metadata(self, key: str | None = None) -> tuple[tuple[str, str], ...]:
        """Return the metadata of a gRPC call, with the client's key or another one."""
        return (("x-api-key", self.client.headers["X-API-Key"] if key is None else key),)

    async def get(self, job_id: str) -> dict[str, Any]:
        """Return a job as its owner sees it over HTTP."""
        answer = await self.client.get(f"/v1/bulk/{job_id}")
        job: dict[str, Any] = answer.raise_for_status().json()
        return job

    async def wait_until_ended(self, job_id: str) -> dict[str, Any]:
        """Wait until a job has ended and its images are deleted, and return it."""
        await until(lambda: self.jobs.get(job_id).finished_at is not None)
        # `glob` would fail if the worker removes the folder at that moment.
        await until(lambda: not any(files for *_, files in os.walk(self.blobs / job_id / "in")))
        return await self.get(job_id)


@pytest.fixture
async def bulk(model: HalfModel, settings: Settings) -> AsyncIterator[Bulk]:
    async with application(model, settings) as bulk:
        yield bulk


@asynccontextmanager
async def application(model: HalfModel, settings: Settings) -> AsyncIterator[Bulk]:
    """Serve inside the block, with a new key of the default account."""
    sys.audit(ENGINE)
    engine = database.connect(settings.database)
    async with AsyncExitStack() as stack:
        handler, authenticator = await stack.enter_async_context(core(model, settings, engine))
        services = await stack.enter_async_context(runtime.running(engine, handler, settings))
        pages = with_docs(website(engine, handler, authenticator, services, settings), settings)
        public = app.public(handler, authenticator, services, settings, pages)
        transport = httpx.ASGITransport(public, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url="http://gateway")
        listener = Listener(settings.model_copy(update={"grpc_port": 0}))
        channel = grpc.aio.insecure_channel(f"127.0.0.1:{listener.port}")
        async with client, channel, listener.running(handler, authenticator, model, services):
            client.headers["X-API-Key"] = new_key(engine)
            try:
                yield Bulk(client, channel, services, engine, settings.data_dir / "bulk")
            finally:
                services.progress.stop()  # as the service does
    engine.dispose()


def images(*files: bytes, field: str = "images") -> Files:
    return [(field, (f"photo {number}.png", file)) for number, file in enumerate(files)]


async def submit(bulk: Bulk, files: Files, **data: Any) -> str:
    """Submit a job over HTTP, and return its ID."""
    answer = await bulk.client.post("/v1/bulk", files=files, data=data)
    assert answer.status_code == 202, answer.text
    job_id: str = answer.json()["job_id"]
    return job_id


async def create_unqueued_job(bulk: Bulk, *files: bytes) -> str:
    """Create a job as a process leaves it that dies after accepting and before enqueuing it."""
    job_id = f"job_{'0' * 20}"
    key = KeyStore(bulk.engine).list()[0]
    bulk.drafts.create(job_id, account_id=key.account_id, key_id=key.id, idempotency_key="")
    for number, file in enumerate(files):
        await bulk.storage.put(image_path(job_id, number), file)
    request = JobRequest({}, {}, webhook_url=None, has_backdrop=False, fingerprint=None)
    bulk.drafts.accept(job_id, request, [("a", "")] * len(files), timedelta(hours=1))
    return job_id


def stored_blobs(settings: Settings) -> list[Path]:
    return [path for path in (settings.data_dir / "bulk").rglob("*") if path.is_file()]
