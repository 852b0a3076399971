"""The pages with bulk jobs and webhooks behind them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from gateway.settings import Settings
from tests.bulk.conftest import Bulk, Files, application
from tests.dashboard.browser import HTML, TOKEN, Browser
from tests.dashboard.conftest import Site
from tests.half_model import HalfModel

JOBS, WEBHOOKS = "/dashboard/jobs", "/dashboard/webhooks"


@dataclass
class BulkSite(Site):
    """The pages, and the bulk jobs that they show."""

    bulk: Bulk
    model: HalfModel

    async def api_key(self, account_id: int) -> str:
        """Return the secret of a new key of an account."""
        return self.dashboard.keys.create("program", account_id)[1]


@asynccontextmanager
async def bulk_site(model: HalfModel, settings: Settings) -> AsyncIterator[BulkSite]:
    """Serve the pages inside the block."""
    async with application(model, settings) as bulk:
        transport: Any = bulk.client._transport
        inner = transport.app
        while hasattr(inner, "app"):
            inner = inner.app
        site = BulkSite(transport.app, inner.state.dashboard, [], bulk, model)
        yield site
        for client in site.browsers:
            await client.aclose()


async def token_of(browser: Browser, page: str = JOBS) -> str:
    """Return the token of a page's forms."""
    found = TOKEN.search((await browser.open(page)).text)
    assert found
    return found[1]


async def send_images(
    browser: Browser, files: Files, *, token: str | None = None, accept: str = "", **data: Any
) -> httpx.Response:
    """Send the form of a new job as browsers do: the token first, and what was left empty too."""
    token = await token_of(browser) if token is None else token
    fields: Files = [("csrf_token", (None, token))] if token else []
    fields += [(name, (None, text)) for name, text in data.items()]
    fields += [*files, ("mask", ("", b"")), ("roi", (None, ""))]
    headers = HTML | ({"Accept": accept} if accept else {})
    return await browser.client.post(JOBS, files=fields, headers=headers)


async def make_job(browser: Browser, files: Files, **data: Any) -> str:
    """Make a job by the form, and return its ID."""
    answer = await send_images(browser, files, **data)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix(f"{JOBS}/")
