"""The pages of webhooks, with the real sender behind them."""

from collections.abc import AsyncIterator

import pytest
from markupsafe import escape

from gateway.identity.members import Role
from gateway.settings import Settings
from loadtest.webhook_receiver import receiving_webhooks
from tests.bulk.conftest import images
from tests.conftest import Make
from tests.dashboard.browser import Browser
from tests.dashboard.bulk_site import WEBHOOKS, BulkSite, bulk_site, make_job
from tests.half_model import HalfModel
from tests.waiting import until
from tests.webhooks.endpoint import Endpoint, listening

pytestmark = pytest.mark.real


@pytest.fixture
async def site(settings: Settings) -> AsyncIterator[BulkSite]:
    loopback = settings.model_copy(update={"webhook_networks": "127.0.0.0/8"})
    async with bulk_site(HalfModel(), loopback) as site:
        yield site


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as endpoint:
        yield endpoint


@pytest.fixture
async def ada(site: BulkSite) -> Browser:
    """A browser of an owner of the default account."""
    return await site.signed_in(site.user())


async def secret(site: BulkSite) -> str:
    answer = await site.bulk.client.get("/v1/webhooks/secret")
    value: str = answer.json()["secret"]
    return value


async def wait_for(site: BulkSite, delivery_id: str, status: str) -> None:
    deliveries = site.bulk.services.webhooks._deliveries

    def now() -> str:
        found = deliveries.find(delivery_id)
        return found.status if found else "missing"

    await until(lambda: now() == status)


async def send_test(ada: Browser, url: str) -> str:
    """Send a test event by the form, and return the ID of its delivery."""
    answer = await ada.send(f"{WEBHOOKS}/test", page=WEBHOOKS, url=url)
    assert answer.status_code == 303, answer.text
    return answer.headers["location"].removeprefix(f"{WEBHOOKS}/")


async def test_a_test_event_is_signed_with_the_secret_of_the_page(
    site: BulkSite, ada: Browser, endpoint: Endpoint
) -> None:
    id_ = await send_test(ada, endpoint.url)
    await wait_for(site, id_, "delivered")
    page = (await ada.open(f"{WEBHOOKS}/secret")).text
    shown = page.split('id="secret-value" tabindex="0">')[1].split("<")[0]
    assert endpoint.verified(shown)["type"] == "webhook.test"
    assert endpoint.ids == [id_]
    for part in (f"{WEBHOOKS}/{id_}", f"{WEBHOOKS}/{id_}/attempts"):
        attempts = (await ada.open(part)).text
        assert '<span class="badge good">200</span>' in attempts
        assert "data-refresh" not in attempts


async def test_a_url_that_is_none_is_explained_beside_its_field(
    site: BulkSite, ada: Browser
) -> None:
    attack = 'javascript:"><script>alert(1)</script>'
    answer = await ada.send(f"{WEBHOOKS}/test", page=WEBHOOKS, url=attack)
    assert answer.status_code == 400
    assert "url must be a URL such as" in answer.text
    assert attack not in answer.text
    assert str(escape(attack)) in answer.text


async def test_an_endpoint_that_fails_is_told_and_the_page_refreshes_itself(
    site: BulkSite, ada: Browser, endpoint: Endpoint, photo: Make
) -> None:
    endpoint.statuses = [500]
    job_id = await make_job(ada, images(photo()), webhook_url=endpoint.url)
    id_ = job_id.replace("job_", "evt_")
    await until(lambda: len(endpoint.received) == 1)
    await until(
        lambda: bool(getattr(site.bulk.services.webhooks._deliveries.find(id_), "attempts", ()))
    )
    page = (await ada.open(f"{WEBHOOKS}/{id_}")).text
    assert '<span class="badge danger">500</span>' in page
    assert f'data-refresh="{WEBHOOKS}/{id_}/attempts"' in page
    assert "Next attempt: <time" in page
    assert f'href="/dashboard/jobs/{job_id}"' in page
    rows = (await ada.open(WEBHOOKS)).text
    assert "Being sent" in rows
    assert endpoint.url in rows


async def test_a_webhook_is_delivered_again(site: BulkSite, ada: Browser, photo: Make) -> None:
    with receiving_webhooks() as receiver:
        job_id = await make_job(ada, images(photo()), webhook_url=receiver.url)
        id_ = job_id.replace("job_", "evt_")
        await wait_for(site, id_, "delivered")
        answer = await ada.send(f"{WEBHOOKS}/{id_}/redeliver", page=f"{WEBHOOKS}/{id_}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"{WEBHOOKS}/{id_}")
        await until(lambda: receiver.accepted == 2)
    assert receiver.jobs_by_id == {id_: {job_id}}


async def test_the_secret_is_shown_on_demand_and_changed_by_owners_alone(
    site: BulkSite, ada: Browser
) -> None:
    old = await secret(site)
    assert old not in (await ada.open(WEBHOOKS)).text
    assert str(escape(old)) in (await ada.open(f"{WEBHOOKS}/secret")).text
    answer = await ada.send(f"{WEBHOOKS}/secret/rotate", page=f"{WEBHOOKS}/secret")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{WEBHOOKS}/secret")
    new = await secret(site)
    assert new != old
    page = (await ada.open(f"{WEBHOOKS}/secret")).text
    assert str(escape(new)) in page
    assert "signs too until" in page
    member = await site.signed_in(site.user("grace@example.com", Role.MEMBER))
    assert (await member.open(WEBHOOKS)).status_code == 200
    assert (await member.open(f"{WEBHOOKS}/secret")).status_code == 403
    answer = await member.send(f"{WEBHOOKS}/secret/rotate", page=WEBHOOKS)
    assert answer.status_code == 403
    assert await secret(site) == new


async def test_pages_without_a_service_that_sends_say_so(settings: Settings) -> None:
    off = settings.model_copy(update={"webhooks": "off"})
    async with bulk_site(HalfModel(), off) as site:
        ada = await site.signed_in(site.user())
        answer = await ada.send(f"{WEBHOOKS}/test", page=WEBHOOKS, url="https://example.com")
    assert answer.status_code == 400
    assert "sends no webhooks" in answer.text
