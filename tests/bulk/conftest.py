from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.accounts import database
from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.bulk import running
from gateway.bulk.intake import Intake
from gateway.bulk.job_store import Asked
from gateway.rest import app
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.conftest import model, settings
from tests.rest.gateway import core, new_key
from tests.waiting import until

__all__ = ["bulk", "model", "settings"]

Files = list[tuple[str, Any]]


@dataclass
class Bulk:
    """The application with bulk jobs around the fake model."""

    client: httpx.AsyncClient
    intake: Intake
    engine: Any

    def as_another_account(self) -> None:
        """From now on, somebody else asks."""
        account = AccountStore(self.engine).create("another")
        _, secret = KeyStore(self.engine).create("theirs", account.id)
        self.client.headers["X-API-Key"] = secret

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
        async with client:
            client.headers["X-API-Key"] = new_key(engine)
            yield Bulk(client, intake, engine)
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
