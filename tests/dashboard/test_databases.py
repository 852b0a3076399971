"""Every page and every form, by the route table, on each database that there is."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from gateway.accounts.accounts import DEFAULT
from gateway.identity.members import Role
from gateway.identity.users import User
from gateway.settings import Settings
from gateway.webhooks.delivery_store import delivery_id
from tests.accounts.conftest import postgres_server, url
from tests.bulk.conftest import images
from tests.conftest import Make
from tests.dashboard.browser import Browser
from tests.dashboard.bulk_site import BulkSite, bulk_site, make_job
from tests.dashboard.route_table import ROWS, UNSAFE, Row
from tests.half_model import HalfModel
from tests.waiting import until
from tests.webhooks.endpoint import Endpoint, listening

__all__ = ["postgres_server", "url"]

pytestmark = pytest.mark.real

NO_PAGES = {"GET /sign-in/oidc": 404, "GET /sign-in/oidc/callback": 404}
"""The settings name no provider."""
FILES = {"POST /playground/removebg": "image", "POST /dashboard/jobs": "images"}
"""Forms that are sent with files."""
PASSWORD = "correct horse"
FIELDS = {"role": "owner", "account": "1", "current": PASSWORD, "password": PASSWORD}
FIELDS |= {"new": PASSWORD, "again": PASSWORD}


@pytest.fixture
def settings(tmp_path: Path, url: str) -> Settings:
    return Settings(data_dir=tmp_path, database_url=url, webhook_networks="127.0.0.0/8")


@dataclass
class Owner:
    """An owner and administrator, who has one of each thing that paths name."""

    site: BulkSite
    user: User
    endpoint: Endpoint
    photo: bytes

    def email(self) -> str:
        """Nobody's yet."""
        return f"{uuid4().hex}@example.com"

    async def job_id(self) -> str:
        """A job that has ended, which is reported; other webhooks may arrive meanwhile."""
        browser = await self.site.signed_in(self.user)
        job_id = await make_job(browser, images(self.photo), webhook_url=self.endpoint.url)
        await until(lambda: delivery_id(job_id) in self.endpoint.ids)
        return job_id

    def things(self) -> dict[str, object]:
        """New ones, by the names of the paths' parameters; but no job."""
        dashboard = self.site.dashboard
        account, identity = dashboard.accounts.find(DEFAULT), dashboard.identity
        identity.invitations.create(account.id, self.email(), Role.MEMBER)
        identity.sessions.start(self.user.id, account.id, address="", browser="")
        return {
            "user_id": self.site.user(self.email(), Role.MEMBER).id,
            "invitation_id": identity.invitations.of_account(account.id)[-1].id,
            "session_id": identity.sessions.list(self.user.id)[0].id,
            "key_id": dashboard.keys.create("new", account.id)[0].id,
            "account_id": dashboard.accounts.create(self.email()).id,
            "number": 0,
        }

    def path(self, row: Row, things: dict[str, object]) -> str:
        """A row's path; its token is that of a new link."""
        identity, account = self.site.dashboard.identity, self.site.dashboard.accounts.find(DEFAULT)
        link = (
            identity.invitations.create(account.id, self.email(), Role.MEMBER)
            if "invitation" in row.route.path
            else identity.links.create(self.user.id)
        )
        return row.path(**things, token=link.rpartition("/")[2])


@pytest.fixture
async def owner(settings: Settings, photo: Make, quick_hashes: None) -> AsyncIterator[Owner]:
    async with bulk_site(HalfModel(), settings) as site, listening() as endpoint:
        user, identity = site.user(), site.dashboard.identity
        identity.users.set_admin(user.id, True)
        identity.passwords.set(user.id, PASSWORD)
        yield Owner(site, user, endpoint, photo())


async def test_every_page_is_shown(owner: Owner) -> None:
    job_id = await owner.job_id()
    things = owner.things() | {"job_id": job_id, "delivery_id": delivery_id(job_id)}
    await owner.site.dashboard.authenticator.usage.write()
    signed_in, stranger = await owner.site.signed_in(owner.user), owner.site.browser()
    for row in ROWS:
        if not row.is_unsafe:
            browser = stranger if row.route.path == "/sign-in" else signed_in
            answer = await browser.open(owner.path(row, things))
            assert answer.status_code == NO_PAGES.get(str(row), 200), (row, answer.text)


async def send(owner: Owner, browser: Browser, row: Row, path: str) -> httpx.Response:
    """Send a form with all fields that any form has, as scripts do."""
    fields = FIELDS | {"name": owner.email(), "email": owner.email(), "url": owner.endpoint.url}
    if row.route.path == "/sign-in":
        fields["email"] = owner.user.email
    headers = {"X-CSRF-Token": await browser.token()}
    if name := FILES.get(str(row)):
        return await browser.client.post(path, files={name: owner.photo}, headers=headers)
    return await browser.client.post(path, data=fields, headers=headers)


async def test_every_form_is_accepted(owner: Owner) -> None:
    for row in UNSAFE:
        things = owner.things()
        if {"job_id", "delivery_id"} & row.parameters:
            job_id = await owner.job_id()
            things |= {"job_id": job_id, "delivery_id": delivery_id(job_id)}
        browser = await owner.site.signed_in(owner.user)  # since some forms sign out
        answer = await send(owner, browser, row, owner.path(row, things))
        assert answer.status_code < 400, (row, answer.text)
