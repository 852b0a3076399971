from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import httpx
import pytest
from argon2 import PasswordHasher
from starlette.types import ASGIApp

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT
from gateway.bulk import runtime, storage
from gateway.bulk.job_queue import JobQueue
from gateway.dashboard.app import website
from gateway.dashboard.dashboard import Dashboard
from gateway.docs.app import with_docs
from gateway.identity.members import Role
from gateway.identity.users import User
from gateway.rest import app
from gateway.settings import Settings
from tests import databases
from tests.dashboard.browser import Browser
from tests.half_model import HalfModel
from tests.rest.gateway import core

ADDRESS = "203.0.113.1"


@dataclass
class Site:
    """The pages as the service serves them, and the stores behind them."""

    application: ASGIApp
    dashboard: Dashboard
    browsers: list[httpx.AsyncClient]

    def browser(
        self, base_url: str = "http://clearbg.test", address: str = "203.0.113.1"
    ) -> Browser:
        """A new browser without cookies."""
        transport = httpx.ASGITransport(
            self.application, raise_app_exceptions=False, client=(address, 1)
        )
        client = httpx.AsyncClient(transport=transport, base_url=base_url)
        self.browsers.append(client)
        return Browser(client)

    def user(
        self, email: str = "ada@example.com", role: Role = Role.OWNER, account: str = DEFAULT
    ) -> User:
        """A new user who is a member of an account."""
        identity = self.dashboard.identity
        user = identity.users.create(email)
        identity.members.add(self.dashboard.accounts.find(account).id, user.id, role)
        return user

    async def signed_in(self, user: User, **options: str) -> Browser:
        """A browser in which a user has just signed in by a link."""
        browser = self.browser(**options)
        path = httpx.URL(self.dashboard.identity.links.create(user.id)).path
        answer = await browser.send(path)
        assert answer.status_code == 303, answer.text
        return browser


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    databases.copy_to(tmp_path)
    return Settings(data_dir=tmp_path)


@pytest.fixture
def quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hashes of passwords for nothing, in place of a tenth of a second each."""
    quick = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("gateway.identity.passwords.PasswordHasher", quick)


@pytest.fixture
async def site(settings: Settings, quick_hashes: None) -> AsyncIterator[Site]:
    engine = database.connect(settings.database)
    async with core(HalfModel(), settings, engine) as (handler, authenticator):
        queue = JobQueue(settings.jobs_database, "tests", None)  # not running: nothing is processed
        blobs = storage.connect("", settings.data_dir)
        bulk = runtime.services(engine, blobs, queue, handler, settings)
        pages = website(engine, handler, authenticator, bulk, settings)
        assert pages
        assert isinstance(pages.state, Dashboard)
        public = app.public(handler, authenticator, bulk, settings, with_docs(pages, settings))
        site = Site(public, pages.state, [])
        # Made here, since else the first page that needs it does, and routes seem to change it.
        site.dashboard.keys.of_dashboard(site.dashboard.accounts.find(DEFAULT).id)
        yield site
        for client in site.browsers:
            await client.aclose()
    engine.dispose()
