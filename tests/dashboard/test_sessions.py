from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from gateway.accounts.accounts import DEFAULT
from gateway.identity.members import Role
from gateway.identity.tables import SessionRow
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Site
from tests.dashboard.test_sign_in import PASSWORD, with_password

SETTINGS = "/dashboard/settings"


def cookie(browser: Browser) -> str:
    return browser.client.cookies.get("clearbg_session") or ""


def move_back(site: Site, column: str, hours: float) -> None:
    """Make all sessions older."""
    then = datetime.now(UTC) - timedelta(hours=hours)
    with site.dashboard.engine.begin() as connection:
        connection.execute(update(SessionRow).values({column: then}))


async def is_signed_in(browser: Browser) -> bool:
    return (await browser.open(SETTINGS)).status_code == 200


@pytest.mark.parametrize(("column", "hours"), [("last_seen_at", 24), ("created_at", 336)])
async def test_sessions_expire_when_idle_and_in_any_case(
    column: str, hours: float, site: Site
) -> None:
    browser = await site.signed_in(site.user())
    move_back(site, column, hours - 0.1)
    assert await is_signed_in(browser)
    move_back(site, column, hours + 0.1)
    assert not await is_signed_in(browser)


async def test_a_session_in_use_does_not_become_idle(site: Site) -> None:
    user = site.user()
    browser = await site.signed_in(user)
    move_back(site, "last_seen_at", 23)
    assert await is_signed_in(browser)
    (session,) = site.dashboard.identity.sessions.list(user.id)
    assert datetime.now(UTC) - session.last_seen_at < timedelta(hours=1)


async def test_a_sign_in_never_takes_over_a_session_that_the_browser_had(site: Site) -> None:
    """Session fixation: an attacker's token in the victim's browser stays the attacker's."""
    mallory = await site.signed_in(site.user("mallory@example.com"))
    user = site.user()
    for planted in (cookie(mallory), "made-up-by-an-attacker"):
        victim = site.browser()
        victim.client.cookies.set("clearbg_session", planted, "clearbg.test")
        path = httpx.URL(site.dashboard.identity.links.create(user.id)).path
        answer = await victim.send(path)
        assert answer.status_code == 303
        assert "ada@example.com" in (await victim.open(SETTINGS)).text
        attacker = site.browser()
        attacker.client.cookies.set("clearbg_session", planted, "clearbg.test")
        assert not await is_signed_in(attacker)


async def test_only_a_hash_of_the_token_is_stored(site: Site) -> None:
    browser = await site.signed_in(site.user())
    with site.dashboard.engine.connect() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM sessions").all()
    assert len(rows) == 1
    assert cookie(browser) not in repr(rows)


async def test_scripts_and_other_sites_do_not_get_the_cookie(site: Site) -> None:
    user = site.user()
    path = httpx.URL(site.dashboard.identity.links.create(user.id)).path
    answer = await site.browser().send(path)
    flags = answer.headers["set-cookie"].split(", clearbg")[0].lower()
    assert "httponly" in flags
    assert "samesite=lax" in flags
    assert "secure" not in flags
    path = httpx.URL(site.dashboard.identity.links.create(user.id)).path
    answer = await site.browser(base_url="https://clearbg.test").send(path)
    cookies = answer.headers.get_list("set-cookie")
    assert all(each.startswith("__Host-clearbg_") and "; Secure" in each for each in cookies)


async def test_signing_out_ends_the_session_itself(site: Site) -> None:
    browser = await site.signed_in(site.user())
    token = cookie(browser)
    answer = await browser.send("/sign-out", page=SETTINGS)
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in")
    browser.client.cookies.set("clearbg_session", token)
    assert not await is_signed_in(browser)


async def test_signing_out_everywhere_ends_all_sessions_of_the_user(site: Site) -> None:
    user = site.user()
    first, second = await site.signed_in(user), await site.signed_in(user)
    other = await site.signed_in(site.user("other@example.com"))
    await first.send(f"{SETTINGS}/sign-out-everywhere", page=SETTINGS)
    assert not await is_signed_in(first)
    assert not await is_signed_in(second)
    assert await is_signed_in(other)


async def test_one_browser_can_be_signed_out_from_another(site: Site) -> None:
    user = site.user()
    lost = await site.signed_in(user)
    (session,) = site.dashboard.identity.sessions.list(user.id)
    browser = await site.signed_in(user)
    answer = await browser.send(f"{SETTINGS}/sessions/{session.id}/end", page=SETTINGS)
    assert answer.status_code == 303
    assert not await is_signed_in(lost)
    assert await is_signed_in(browser)


async def test_a_new_password_ends_all_other_sessions_and_renews_this_one(site: Site) -> None:
    user = with_password(site)
    other, browser = await site.signed_in(user), await site.signed_in(user)
    before = cookie(browser)
    fields = {"current": PASSWORD, "new": "another password", "again": "another password"}
    wrong = fields | {"current": "guess"}
    answer = await browser.send(f"{SETTINGS}/password", page=SETTINGS, **wrong)
    assert answer.status_code == 400
    assert "The current password is wrong." in answer.text
    assert await is_signed_in(other)
    answer = await browser.send(f"{SETTINGS}/password", page=SETTINGS, **fields)
    assert answer.status_code == 303
    assert not await is_signed_in(other)
    assert await is_signed_in(browser)
    assert cookie(browser) != before
    check = site.dashboard.identity.passwords.check
    assert check(user.email, "another password")
    assert not check(user.email, PASSWORD)


async def test_a_session_ends_with_its_membership_and_with_its_account(site: Site) -> None:
    site.user("owner@example.com")
    user = site.user(role=Role.MEMBER)
    account = site.dashboard.accounts.find(DEFAULT)
    browser = await site.signed_in(user)
    site.dashboard.accounts.disable(DEFAULT)
    assert not await is_signed_in(browser)
    site.dashboard.accounts.enable(DEFAULT)
    assert await is_signed_in(browser)
    site.dashboard.identity.members.remove(account.id, user.id)
    site.dashboard.identity.members.add(account.id, user.id, Role.MEMBER)
    assert not await is_signed_in(browser)
