"""The route behind the front page: who may use it, and that it is the API's own core."""

import httpx
import pytest

from gateway.settings import Settings
from tests.conftest import Make
from tests.dashboard.browser import TOKEN, Browser
from tests.dashboard.conftest import Site
from tests.rest.gateway import new_key

REMOVE = "/playground/removebg"


@pytest.fixture
def playground() -> str:
    return "signed-in"


@pytest.fixture
def settings(settings: Settings, playground: str) -> Settings:
    changes = {"playground": playground, "playground_images_per_minute": 2, "mask_cache_mb": 1}
    return settings.model_copy(update=changes)


async def cut_out(browser: Browser, data: bytes, **fields: str) -> httpx.Response:
    """Send an image as the page's script does."""
    token = TOKEN.search((await browser.open("/")).text)
    return await browser.client.post(
        REMOVE,
        headers={"X-CSRF-Token": token[1] if token else ""},
        files={"image": ("photo.png", data)},
        data=fields,
    )


async def test_the_answer_is_that_of_the_api(site: Site, photo: Make) -> None:
    fields = {"format": "webp", "bg_color": "teal", "crop": "true", "feather": "2px"}
    browser = await site.signed_in(site.user())
    ours = await cut_out(browser, photo(), **fields)
    api = await browser.client.post(
        "/v1/removebg",
        headers={"X-API-Key": new_key(site.dashboard.engine)},
        files={"image": ("photo.png", photo())},
        data=fields,
    )
    assert (ours.status_code, ours.content) == (200, api.content)
    for name in ("Content-Type", "Content-Disposition", "X-Foreground-Width", "RateLimit-Policy"):
        assert ours.headers[name] == api.headers[name]
    assert "infer;dur=" in ours.headers["Server-Timing"]


async def test_errors_are_problems_that_name_the_field(site: Site, photo: Make) -> None:
    answer = await cut_out(await site.signed_in(site.user()), photo(), feather="900px")
    assert (answer.status_code, answer.json()["field"]) == (400, "feather")


async def test_the_account_of_the_visitor_is_charged(site: Site, photo: Make) -> None:
    site.dashboard.accounts.create("shop")
    shop = site.dashboard.accounts.find("shop")
    await cut_out(await site.signed_in(site.user(account="shop")), photo())
    await site.dashboard.authenticator.usage.write()
    assert site.dashboard.keys.of_dashboard(shop.id).images == 1


async def test_only_models_of_the_account_are_offered(site: Site) -> None:
    browser = await site.signed_in(site.user())
    assert '<option value="isnet" selected>' in (await browser.open("/")).text


async def test_strangers_are_sent_to_the_sign_in(site: Site, photo: Make) -> None:
    browser = site.browser()
    page = await browser.open("/")
    assert (page.status_code, page.headers["location"]) == (303, "/sign-in?next=%2F")
    await browser.open("/sign-in")
    assert (await browser.open("/playground/sample.jpg")).status_code == 303


async def test_another_sites_form_cuts_nothing_out(site: Site, photo: Make) -> None:
    browser = await site.signed_in(site.user())
    answer = await browser.client.post(REMOVE, files={"image": photo()})
    assert (answer.status_code, answer.json()["type"]) == (403, "/problems/stale-form")


@pytest.mark.parametrize("playground", ["open"])
class TestOpen:
    async def test_anybody_cuts_out_within_the_limit_of_the_address(
        self, site: Site, photo: Make
    ) -> None:
        for _ in range(2):
            assert (await cut_out(site.browser(), photo())).status_code == 200
        rejected = await cut_out(site.browser(), photo())
        assert rejected.json()["detail"] == "More than 2 images from your address a minute."
        assert int(rejected.headers["Retry-After"]) > 0
        other = site.browser(address="203.0.113.2")
        assert (await cut_out(other, photo())).status_code == 200

    async def test_the_addresses_of_one_network_share_a_limit(
        self, site: Site, photo: Make
    ) -> None:
        addresses = [f"2001:db8::{number}" for number in range(3)]
        answers = [await cut_out(site.browser(address=each), photo()) for each in addresses]
        assert [answer.status_code for answer in answers] == [200, 200, 429]
        other = site.browser(address="2001:db8:0:1::")
        assert (await cut_out(other, photo())).status_code == 200

    @pytest.mark.parametrize("whose", ["nobody's", "another browser's"])
    async def test_another_sites_form_cuts_nothing_out_for_strangers(
        self, site: Site, photo: Make, whose: str
    ) -> None:
        browser = site.browser()
        await browser.open("/")
        token = "" if whose == "nobody's" else await site.browser().token()
        answer = await browser.client.post(
            REMOVE, files={"image": photo()}, headers={"X-CSRF-Token": token}
        )
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/stale-form")

    async def test_a_stranger_cannot_tell_what_another_one_has_tried(
        self, site: Site, photo: Make
    ) -> None:
        account = await cut_out(await site.signed_in(site.user()), photo())
        first, again = [await cut_out(site.browser(), photo()) for _ in range(2)]
        other = await cut_out(site.browser(address="203.0.113.2"), photo())
        devices = [answer.headers["X-Device"] for answer in (account, first, again, other)]
        assert devices == ["cpu", "cpu", "cache", "cpu"]

    async def test_the_limit_is_for_strangers_only(self, site: Site, photo: Make) -> None:
        browser = await site.signed_in(site.user())
        for _ in range(3):
            assert (await cut_out(browser, photo())).status_code == 200


@pytest.mark.parametrize("playground", ["off"])
async def test_without_a_playground_the_front_page_leads_to_the_keys(
    site: Site, photo: Make
) -> None:
    browser = await site.signed_in(site.user())
    page = await browser.open("/")
    assert (page.status_code, page.headers["location"]) == (303, "/dashboard/keys")
    assert (await browser.open("/playground/sample.jpg")).status_code == 404
    assert "Playground" not in (await browser.open("/dashboard/settings")).text
    assert (await cut_out(browser, photo())).status_code == 404
