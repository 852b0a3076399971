from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from gateway.accounts import database
from gateway.bulk import running
from gateway.bulk.intake import Intake
from gateway.rest import app
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.conftest import model, settings
from tests.rest.gateway import core, new_key
from tests.waiting import until

__all__ = ["bulk", "model", "settings"]


@dataclass
class Bulk:
    """The application with bulk jobs around the fake model."""

    client: httpx.AsyncClient
    intake: Intake
    engine: Any

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
