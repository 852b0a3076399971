"""The page of API keys: what it does, for whom, and that names cannot become code."""

import re
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from gateway.accounts.accounts import DEFAULT
from gateway.accounts.api_key import ApiKey, Limits
from gateway.dashboard.keys import PATH
from gateway.identity.members import Role
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Site

SECRET = re.compile(r"cbg_\w{40}")
CODE = "<script>alert(1)</script>\"'`{{7*7}}"
ACTIONS = ("rotate", "revoke")


def shown_secret(answer: httpx.Response) -> str:
    """The secret that a page shows."""
    assert answer.status_code == 200, answer.text
    found = SECRET.search(answer.text)
    assert found
    return found[0]


async def works(site: Site, secret: str) -> bool:
    """Whether the API accepts a key."""
    client = site.browser().client
    answer = await client.get("/v1/models", headers={"X-API-Key": secret})
    return answer.status_code == 200


def only_key(site: Site, account: str = DEFAULT) -> ApiKey:
    (key,) = site.dashboard.keys.list(site.dashboard.accounts.find(account).id)
    return key


async def test_a_key_is_created_shown_once_rotated_and_revoked(site: Site) -> None:
    browser = await site.signed_in(site.user())
    fields = {"name": " Web shop ", "expires": "30", "images_per_month": "5"}
    answer = await browser.send(PATH, f"{PATH}/new", **fields, requests_per_minute="60")
    first = shown_secret(answer)
    assert f"-H &#39;X-API-Key: {first}&#39;" in answer.text or f"X-API-Key: {first}" in answer.text
    assert "http://clearbg.test/v1/removebg" in answer.text
    assert answer.headers["cache-control"] == "no-store"
    key = only_key(site)
    assert (key.name, key.limits) == ("Web shop", Limits(60, None, 5))
    assert key.created_by == "ada@example.com"
    assert key.expires_at
    assert abs(key.expires_at - datetime.now(UTC) - timedelta(days=30)) < timedelta(hours=1)
    page = (await browser.open(PATH)).text
    assert not SECRET.search(page)
    assert "0 of 5 this month" in page
    assert await works(site, first)

    path = f"{PATH}/{key.id}"
    second = shown_secret(await browser.send(f"{path}/rotate", overlap="24"))
    assert await works(site, first)
    assert await works(site, second)
    assert "The old secret works until" in (await browser.open(PATH)).text
    third = shown_secret(await browser.send(f"{path}/rotate", overlap="0"))
    assert not await works(site, first)
    assert not await works(site, second)

    assert "cannot be undone" in (await browser.open(f"{path}/revoke")).text
    assert await works(site, third), "opening the page revokes nothing"
    answer = await browser.send(f"{path}/revoke")
    assert (answer.status_code, answer.headers["location"]) == (303, PATH)
    assert not await works(site, third)
    assert "Keys that have ended (1)" in (await browser.open(PATH)).text
    for action in ACTIONS:
        assert (await browser.open(f"{path}/{action}")).status_code == 404


async def test_last_use_is_shown_with_its_address(site: Site) -> None:
    browser = await site.signed_in(site.user())
    secret = shown_secret(await browser.send(PATH, f"{PATH}/new", name="a"))
    await works(site, secret)
    await site.dashboard.authenticator.usage.write()
    assert "from 203.0.113.1" in (await browser.open(PATH)).text


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", ""),
        ("name", "   "),
        ("name", "x" * 101),
        ("name", "a\x00b"),
        ("expires", "8"),
        ("requests_per_minute", "0"),
        ("requests_per_minute", "501"),
        ("megapixels_per_minute", "-1"),
        ("megapixels_per_minute", "1.5"),
        ("images_per_month", str(2**31)),
        ("images_per_month", "٣"),
    ],
)
async def test_a_bad_field_is_told_and_the_others_are_kept(
    site: Site, field: str, value: str
) -> None:
    browser = await site.signed_in(site.user())
    fields = {"name": CODE, "images_per_month": "77"} | {field: value}
    answer = await browser.send(PATH, f"{PATH}/new", **fields)
    assert answer.status_code == 400
    assert f'id="{field}-error"' in answer.text
    assert CODE not in answer.text
    assert site.dashboard.keys.list() == []
    if field != "images_per_month":
        assert 'value="77"' in answer.text


async def test_only_administrators_exceed_the_limits_of_the_service(site: Site) -> None:
    user = site.user()
    site.dashboard.identity.users.set_admin(user.id, is_admin=True)
    browser = await site.signed_in(user)
    fields = {"name": "big", "requests_per_minute": "0", "megapixels_per_minute": "100000"}
    shown_secret(await browser.send(PATH, f"{PATH}/new", **fields))
    assert only_key(site).limits == Limits(0, 100_000)


async def try_everything(browser: Browser, key: ApiKey) -> list[int]:
    """The statuses of all actions on a key, with valid tokens and without looking first."""
    statuses = []
    for action in ACTIONS:
        path = f"{PATH}/{key.id}/{action}"
        statuses.append((await browser.open(path)).status_code)
        answer = await browser.send(path, f"{PATH}/new", overlap="0")
        statuses.append(answer.status_code)
    return statuses


async def test_other_accounts_keys_do_not_exist(site: Site) -> None:
    site.dashboard.accounts.create("other")
    owner = await site.signed_in(site.user())
    secret = shown_secret(await owner.send(PATH, f"{PATH}/new", name="ours"))
    stranger = await site.signed_in(site.user("eve@example.com", account="other"))
    key = only_key(site)
    assert await try_everything(stranger, key) == [404] * 4
    assert "ours" not in (await stranger.open(PATH)).text
    assert await works(site, secret)
    assert only_key(site).last_four == key.last_four


async def test_members_change_what_they_have_made_and_owners_everything(site: Site) -> None:
    owner = await site.signed_in(site.user())
    member = await site.signed_in(site.user("bob@example.com", Role.MEMBER))
    secret = shown_secret(await owner.send(PATH, f"{PATH}/new", name="the owner's"))
    owners = only_key(site)
    assert await try_everything(member, owners) == [403] * 4
    assert await works(site, secret)
    page = (await member.open(PATH)).text
    assert "the owner&#39;s" in page
    assert f"{PATH}/{owners.id}/" not in page
    shown_secret(await member.send(PATH, f"{PATH}/new", name="a member's"))
    members = site.dashboard.keys.list()[-1]
    assert f"{PATH}/{members.id}/rotate" in (await member.open(PATH)).text
    assert await try_everything(member, members) == [200, 200, 200, 303]
    shown_secret(await member.send(PATH, f"{PATH}/new", name="another"))
    assert await try_everything(owner, site.dashboard.keys.list()[-1]) == [200, 200, 200, 303]


async def test_the_dashboards_own_key_cannot_be_touched(site: Site) -> None:
    browser = await site.signed_in(site.user())
    account = site.dashboard.accounts.find(DEFAULT)
    key = site.dashboard.keys.of_dashboard(account.id)
    assert await try_everything(browser, key) == [404] * 4
    assert key.works
    assert "There is no key that works" in (await browser.open(PATH)).text


async def test_names_are_text_on_every_page(site: Site) -> None:
    site.dashboard.accounts.create(CODE)
    browser = await site.signed_in(site.user("<b>@example.com", account=CODE))
    answer = await browser.send(PATH, f"{PATH}/new", name=CODE)
    key = only_key(site, CODE)
    await works(site, shown_secret(answer))
    await site.dashboard.authenticator.usage.write()
    pages = [answer.text]
    for path in ("", f"/{key.id}/rotate", f"/{key.id}/revoke"):
        pages.append((await browser.open(PATH + path)).text)
    for range_ in ("1h", "30d"):
        pages.append((await browser.open(f"/dashboard/usage?range={range_}&key={key.id}")).text)
    for page in pages:
        assert "alert(1)" in page
        assert "<script>alert" not in page
        assert "49" not in re.findall(r"alert\(1\)[^\n]{0,60}", page)[0]


async def test_nothing_changes_without_the_token_or_a_session(site: Site) -> None:
    browser = await site.signed_in(site.user())
    shown_secret(await browser.send(PATH, f"{PATH}/new", name="a"))
    path = f"{PATH}/{only_key(site).id}"
    for target in (PATH, f"{path}/rotate", f"{path}/revoke"):
        answer = await browser.post(target, {"name": "forged", "overlap": "0"})
        assert answer.status_code == 403
        answer = await site.browser().open(target)
        assert (answer.status_code, answer.headers["location"][:14]) == (303, "/sign-in?next=")
    assert only_key(site).works
