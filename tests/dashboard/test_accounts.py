from typing import Any

import httpx

from gateway.accounts.accounts import DEFAULT
from tests.conftest import Make
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Site

ACCOUNTS = "/dashboard/accounts"


async def administrator(site: Site) -> Browser:
    user = site.user()
    site.dashboard.identity.users.set_admin(user.id, True)
    return await site.signed_in(user)


def key_of(site: Site, account: str) -> str:
    owner = site.dashboard.accounts.find(account)
    return site.dashboard.keys.create("tests", owner.id)[1]


async def cut_out(browser: Browser, key: str, photo: Make, **data: Any) -> httpx.Response:
    return await browser.client.post(
        "/v1/removebg", files={"image": photo()}, data=data, headers={"X-API-Key": key}
    )


async def test_an_administrator_creates_an_account_and_invites_its_owner(site: Site) -> None:
    browser = await administrator(site)
    page = await browser.send(ACCOUNTS, name="Acme", email="boss@acme.example")
    link = page.text.partition('id="link" value="')[2].partition('"')[0]
    owner = site.browser()
    await owner.send(httpx.URL(link).path)
    assert "Invite somebody" in (await owner.open("/dashboard/members")).text
    assert (await owner.open(ACCOUNTS)).status_code == 403
    page = await browser.send(ACCOUNTS, name="Acme", email="boss@acme.example")
    assert page.status_code == 400
    assert "there is an account &#39;Acme&#39; already" in page.text


async def test_all_keys_of_an_account_share_its_limits(site: Site, photo: Make) -> None:
    browser = await administrator(site)
    account = site.dashboard.accounts.create("Acme")
    path = f"{ACCOUNTS}/{account.id}"
    answer = await browser.send(path, requests_per_minute="3", megapixels_per_minute="")
    assert answer.status_code == 303
    keys = [key_of(site, "Acme"), key_of(site, "Acme")]
    for number in range(3):
        answer = await cut_out(browser, keys[number % 2], photo)
        assert answer.status_code == 200
    assert '"requests of the account";r=0' in answer.headers["ratelimit"]
    for key in keys:
        answer = await cut_out(browser, key, photo)
        assert answer.status_code == 429
        assert answer.json()["detail"] == "More than 3 requests of the account a minute."
    assert (await cut_out(browser, key_of(site, DEFAULT), photo)).status_code == 200


async def test_megapixels_of_an_account_are_limited_too(site: Site, photo: Make) -> None:
    browser = await administrator(site)
    account = site.dashboard.accounts.create("Acme")
    await browser.send(f"{ACCOUNTS}/{account.id}", megapixels_per_minute="1")
    first, second = key_of(site, "Acme"), key_of(site, "Acme")
    large = photo(1000, 900)
    files, headers = {"image": large}, {"X-API-Key": first}
    answer = await browser.client.post("/v1/removebg", files=files, headers=headers)
    assert answer.status_code == 200
    headers = {"X-API-Key": second}
    answer = await browser.client.post("/v1/removebg", files=files, headers=headers)
    assert answer.status_code == 429


async def test_limits_must_be_numbers(site: Site) -> None:
    browser = await administrator(site)
    account = site.dashboard.accounts.create("Acme")
    for wrong in ("0", "-1", "many", "1.5", "9" * 12, "²"):
        page = await browser.send(f"{ACCOUNTS}/{account.id}", requests_per_minute=wrong)
        assert page.status_code == 400
        assert "A limit is a whole number above 0" in page.text


async def test_models_of_an_account_are_chosen_among_those_that_there_are(site: Site) -> None:
    browser = await administrator(site)
    account = site.dashboard.accounts.create("Acme")
    await browser.send(f"{ACCOUNTS}/{account.id}", model="isnet")
    assert site.dashboard.accounts.find("Acme").models == ("isnet",)
    await browser.send(f"{ACCOUNTS}/{account.id}", model="no-such-model")
    assert site.dashboard.accounts.find("Acme").models is None


async def test_a_disabled_accounts_keys_and_sessions_stop_and_start_again(
    site: Site, photo: Make
) -> None:
    browser = await administrator(site)
    account = site.dashboard.accounts.create("Acme")
    owner = await site.signed_in(site.user("boss@acme.example", account="Acme"))
    path = f"{ACCOUNTS}/{account.id}"
    for action, status, page in (("disable", 401, 303), ("enable", 200, 200)):
        answer = await browser.send(f"{path}/{action}", page=path)
        assert answer.status_code == 303
        assert (await cut_out(browser, key_of(site, "Acme"), photo)).status_code == status
        assert (await owner.open("/dashboard/settings")).status_code == page


async def test_administrators_do_not_lock_themselves_out(site: Site) -> None:
    browser = await administrator(site)
    own = site.dashboard.accounts.find(DEFAULT)
    page = await browser.send(f"{ACCOUNTS}/{own.id}/disable", page=ACCOUNTS)
    assert page.status_code == 400
    assert site.dashboard.accounts.find(DEFAULT).disabled_at is None
