"""What one account has, no other account sees or changes: every route of jobs and webhooks."""

import re
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest
from fastapi.routing import APIRoute

from gateway.dashboard import job, jobs, webhooks
from gateway.settings import Settings
from tests.bulk.conftest import images
from tests.conftest import Make
from tests.dashboard.browser import Browser
from tests.dashboard.bulk_site import JOBS, WEBHOOKS, BulkSite, bulk_site, make_job, token_of
from tests.half_model import HalfModel
from tests.waiting import until
from tests.webhooks.endpoint import listening

pytestmark = pytest.mark.real

PAGES = (jobs, job, webhooks)


def routes() -> Iterator[tuple[str, str]]:
    """Yield method and path of every route that names a job or a delivery."""
    for page in PAGES:
        for route in page.router.routes:
            assert isinstance(route, APIRoute)
            if "{" in route.path:
                yield next(iter(route.methods or ())), route.path


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[BulkSite]:
    loopback = settings.model_copy(update={"webhook_networks": "127.0.0.0/8"})
    async with bulk_site(HalfModel(), loopback) as site:
        yield site


async def send(browser: Browser, method: str, path: str, token: str) -> Any:
    if method == "GET":
        return await browser.client.get(path)
    return await browser.client.post(path, headers={"X-CSRF-Token": token})


async def test_every_route_hides_what_is_another_accounts(site: BulkSite, photo: Make) -> None:
    site.dashboard.accounts.create("another")
    ada = await site.signed_in(site.user())
    eve = await site.signed_in(site.user("eve@example.com", account="another"))
    async with listening() as endpoint:
        job_id = await make_job(ada, images(photo()), webhook_url=endpoint.url)
        await until(lambda: len(endpoint.received) == 1)
    ids = {"job_id": job_id, "delivery_id": job_id.replace("job_", "evt_"), "number": "0"}
    tried = 0
    for method, path in routes():
        url = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], path)
        answer = await send(eve, method, url, await token_of(eve))
        assert answer.status_code == 404, (method, path)
        tried += 1
    assert tried == 10
    for path in (JOBS, WEBHOOKS):
        page = (await eve.open(path)).text
        assert job_id not in page
        assert ids["delivery_id"] not in page
    # None of it was changed either, and all of it is there for its owner.
    reads = [path for method, path in routes() if method == "GET"]
    for path in reads:
        url = re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], path)
        assert (await ada.client.get(url)).status_code == 200, path
    assert len(endpoint.received) == 1


async def test_each_account_has_a_secret_of_its_own(site: BulkSite) -> None:
    site.dashboard.accounts.create("another")
    ada = await site.signed_in(site.user())
    eve = await site.signed_in(site.user("eve@example.com", account="another"))
    secrets = [
        (await browser.open(f"{WEBHOOKS}/secret")).text.split('tabindex="0">whsec_')[1][:40]
        for browser in (ada, eve)
    ]
    assert secrets[0] != secrets[1]


async def test_every_change_needs_the_token(site: BulkSite, photo: Make) -> None:
    ada = await site.signed_in(site.user())
    job_id = await make_job(ada, images(photo()))
    for page in PAGES:
        for route in page.router.routes:
            assert isinstance(route, APIRoute)
            path = re.sub(r"\{\w+\}", job_id, route.path)
            if "POST" in (route.methods or ()):
                for token in ("", "0" * 64):
                    assert (await send(ada, "POST", path, token)).status_code == 403, path
    assert (await ada.open(f"{JOBS}/{job_id}")).status_code == 200
