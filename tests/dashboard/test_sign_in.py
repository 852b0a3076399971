import asyncio
import re

import httpx
import pytest
from argon2 import PasswordHasher

from gateway.identity.users import User
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Site

PASSWORD = "correct horse battery"

ELSEWHERE = [
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "/\t/evil.example",
    "/\n/evil.example",
    "javascript:alert(1)",
    " //evil.example",
    "evil.example",
    "",
]


def with_password(site: Site, email: str = "ada@example.com") -> User:
    user = site.user(email)
    site.dashboard.identity.passwords.set(user.id, PASSWORD)
    return user


async def sign_in(browser: Browser, email: str, password: str, next: str = "/") -> httpx.Response:
    return await browser.send("/sign-in", email=email, password=password, next=next)


async def test_the_right_password_signs_in_and_leads_to_the_page_that_was_asked_for(
    site: Site,
) -> None:
    with_password(site)
    browser = site.browser()
    page = await browser.open("/dashboard/settings?saved=profile")
    form = await browser.open(page.headers["location"])
    assert 'name="next" value="/dashboard/settings?saved=profile"' in form.text
    answer = await sign_in(browser, " ADA@example.com ", PASSWORD, "/dashboard/settings")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/settings")
    assert "ada@example.com" in (await browser.open("/dashboard/settings")).text


@pytest.mark.parametrize("target", ELSEWHERE)
async def test_no_sign_in_leads_to_another_site(target: str, site: Site) -> None:
    with_password(site)
    browser = site.browser()
    answer = await sign_in(browser, "ada@example.com", PASSWORD, target)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    answer = await browser.open("/sign-in", params={"next": target})  # signed in already
    assert answer.headers["location"] == "/"


async def test_strangers_do_not_learn_which_users_exist(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Same answer, and the same work: Argon2 takes longer than everything else together."""
    with_password(site)
    site.user("no-password@example.com")
    hashes: list[str] = []
    verify = PasswordHasher.verify

    def counted(self: PasswordHasher, hashed: str, password: str) -> bool:
        hashes.append(re.sub(r"\$[^$]*\$[^$]*$", "", hashed))  # its parameters
        return verify(self, hashed, password)

    monkeypatch.setattr(PasswordHasher, "verify", counted)
    answers = []
    for email in ("ada@example.com", "no-password@example.com", "nobody@example.com"):
        browser = site.browser()
        answer = await sign_in(browser, email, "wrong password")
        text = re.sub(r'(value|content)="\w{64}"', "", answer.text.replace(email, "…"))
        answers.append((answer.status_code, text))
    assert answers[0][0] == 401
    assert "E-mail address or password is wrong." in answers[0][1]
    assert answers[1:] == answers[:1] * 2
    assert len(hashes) == 3
    assert len(set(hashes)) == 1


async def test_attempts_are_limited_by_user_from_wherever_they_come(site: Site) -> None:
    with_password(site)
    for number in range(10):
        browser = site.browser(address=f"203.0.113.{number}")
        assert (await sign_in(browser, "ada@example.com", "guess")).status_code == 401
    answer = await sign_in(site.browser(address="203.0.113.99"), "ada@example.com", PASSWORD)
    assert answer.status_code == 429
    assert int(answer.headers["retry-after"]) > 0
    assert "More than 10 sign-in attempts of this user a minute." in answer.text


async def test_attempts_are_limited_by_address_whoever_they_are_of(site: Site) -> None:
    with_password(site)
    browser = site.browser(address="2001:db8::1")
    for number in range(10):
        assert (await sign_in(browser, f"{number}@example.com", "guess")).status_code == 401
    neighbour = site.browser(address="2001:db8::2")  # of the same customer
    assert (await sign_in(neighbour, "ada@example.com", PASSWORD)).status_code == 429
    elsewhere = site.browser(address="2001:db8:1::1")
    assert (await sign_in(elsewhere, "ada@example.com", PASSWORD)).status_code == 303


async def test_many_attempts_at_once_do_not_slip_through(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[str] = []
    passwords = site.dashboard.identity.passwords
    monkeypatch.setattr(passwords, "check", lambda email, password: tried.append(email))
    check = site.dashboard.password_sign_in.check
    attempts = (check("ada@example.com", str(n), f"203.0.113.{n}") for n in range(50))
    results = await asyncio.gather(*attempts, return_exceptions=True)
    assert len(tried) == 10
    assert sum(isinstance(result, Exception) for result in results) == 40


async def test_a_link_is_the_way_in_for_who_was_locked_out(site: Site) -> None:
    user = with_password(site)
    for number in range(11):
        await sign_in(site.browser(address=f"203.0.113.{number}"), "ada@example.com", "guess")
    await site.signed_in(user)


async def test_who_belongs_to_no_account_is_told_so(site: Site) -> None:
    user = site.dashboard.identity.users.create("lost@example.com")
    site.dashboard.identity.passwords.set(user.id, PASSWORD)
    answer = await sign_in(site.browser(), "lost@example.com", PASSWORD)
    assert answer.status_code == 403
    assert "not a member of any account" in answer.text
