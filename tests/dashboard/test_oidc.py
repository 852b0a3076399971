"""Sign-in by a real OpenID Connect provider on loopback."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from gateway.accounts.accounts import DEFAULT
from gateway.identity.members import Role
from gateway.settings import Settings
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Site

# The provider runs in a thread here, and uses what its own libraries deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

EVERYTHING = {"email": "ada@example.com", "email_verified": True, "name": "Ada Lovelace"}


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture
def settings(settings: Settings, provider: str) -> Settings:
    return settings.model_copy(
        update={
            "oidc_issuer": provider,
            "oidc_client_id": "clearbg",
            "oidc_client_secret": "secret",
            "public_url": "http://clearbg.test",
            "oidc_domains": "corp.example",
        }
    )


async def at_provider(url: str, claims: Mapping[str, object], subject: str = "1") -> str:
    """Sign in at the provider's own page. Return the URL that it sends the browser back to."""
    parts = urlsplit(url)
    async with httpx.AsyncClient() as client:
        users = f"{parts.scheme}://{parts.netloc}/users/{subject}"
        (await client.put(users, json=claims)).raise_for_status()
        answer = await client.post(url, data={"sub": subject})
    assert answer.status_code == 302, answer.text
    return answer.headers["location"]


async def sign_in(
    browser: Browser, claims: Mapping[str, object], subject: str = "1", next: str = "/"
) -> httpx.Response:
    answer = await browser.open("/sign-in/oidc", params={"next": next})
    assert answer.status_code == 303
    return await browser.open(await at_provider(answer.headers["location"], claims, subject))


async def test_a_registered_person_signs_in_and_comes_back_to_their_page(site: Site) -> None:
    user = site.user()
    browser = site.browser()
    assert (
        "/sign-in/oidc?next=/dashboard/members"
        in (await browser.open("/sign-in?next=/dashboard/members")).text
    )
    answer = await sign_in(browser, EVERYTHING, next="/dashboard/members")
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/members")
    assert user.email in (await browser.open("/dashboard/members")).text
    # From now on the provider's id counts, not the address.
    renamed = EVERYTHING | {"email": "ada.l@example.com"}
    assert (await sign_in(site.browser(), renamed)).status_code == 303
    assert len(site.dashboard.identity.users.list()) == 1


async def test_the_request_has_state_nonce_and_a_pkce_challenge(site: Site) -> None:
    answer = await site.browser().open("/sign-in/oidc")
    query = parse_qs(urlsplit(answer.headers["location"]).query)
    assert query["code_challenge_method"] == ["S256"]
    assert len(query["code_challenge"][0]) == 43
    assert query["redirect_uri"] == ["http://clearbg.test/sign-in/oidc/callback"]
    assert len(query["state"][0]) == len(query["nonce"][0]) == 32
    assert query["response_type"] == ["code"]


async def test_the_code_is_redeemed_with_the_verifier_of_the_challenge(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    from authlib.oauth2.rfc7636 import create_s256_code_challenge

    site.user()
    sent: list[bytes] = []
    post = httpx.AsyncClient.send

    async def recorded(self: httpx.AsyncClient, request: httpx.Request, **options: object):  # type: ignore[no-untyped-def]
        sent.append(request.content if request.method == "POST" else b"")
        return await post(self, request, **options)  # type: ignore[arg-type]

    browser = site.browser()
    answer = await browser.open("/sign-in/oidc")
    challenge = parse_qs(urlsplit(answer.headers["location"]).query)["code_challenge"][0]
    back = await at_provider(answer.headers["location"], EVERYTHING)
    monkeypatch.setattr(httpx.AsyncClient, "send", recorded)
    assert (await browser.open(back)).status_code == 303
    (verifier,) = (parse_qs(body.decode())["code_verifier"][0] for body in sent if body)
    assert create_s256_code_challenge(verifier) == challenge


async def test_an_answer_to_another_browsers_attempt_is_rejected(site: Site) -> None:
    """Else a link would sign a victim in as the attacker."""
    site.user()
    attacker, victim = site.browser(), site.browser()
    started = await attacker.open("/sign-in/oidc")
    back = await at_provider(started.headers["location"], EVERYTHING)
    answer = await victim.open(back)  # has begun no attempt
    assert answer.status_code == 401
    await victim.open("/sign-in/oidc")
    answer = await victim.open(back)  # has begun another
    assert answer.status_code == 401
    assert "did not confirm" in answer.text
    assert (await victim.open("/dashboard/settings")).status_code == 303


async def test_a_token_with_another_nonce_is_rejected(site: Site) -> None:
    site.user()
    browser = site.browser()
    first = await browser.open("/sign-in/oidc")
    url = httpx.URL(first.headers["location"]).copy_set_param("nonce", "of another attempt")
    answer = await browser.open(await at_provider(str(url), EVERYTHING))
    assert answer.status_code == 401


async def test_an_answer_works_once(site: Site) -> None:
    site.user()
    browser = site.browser()
    started = await browser.open("/sign-in/oidc")
    back = await at_provider(started.headers["location"], EVERYTHING)
    assert (await browser.open(back)).status_code == 303
    assert (await browser.open(back)).status_code == 401


@pytest.mark.parametrize("verified", [False, None, "yes"])
async def test_an_address_that_the_provider_does_not_vouch_for_is_nobodys(
    verified: object, site: Site
) -> None:
    site.user()
    claims = EVERYTHING | {"email_verified": verified}
    answer = await sign_in(site.browser(), claims, subject=f"unverified {verified}")
    assert answer.status_code == 403
    assert "does not vouch" in answer.text


async def test_strangers_are_not_registered_but_people_of_an_allowed_domain_are(
    site: Site,
) -> None:
    stranger = {"email": "eve@evil.example", "email_verified": True}
    answer = await sign_in(site.browser(), stranger, subject="eve")
    assert answer.status_code == 403
    assert "eve@evil.example is not registered here" in answer.text
    for address in ("eve@notcorp.example", "corp.example@evil.example", "eve@sub.corp.example"):
        claims = {"email": address, "email_verified": True}
        assert (await sign_in(site.browser(), claims, subject=address)).status_code == 403
    assert site.dashboard.identity.users.list() == []
    colleague = {"email": "Bob@Corp.example", "email_verified": True, "name": "Bob"}
    assert (await sign_in(site.browser(), colleague, subject="bob")).status_code == 303
    account = site.dashboard.accounts.find(DEFAULT)
    (member,) = site.dashboard.identity.members.of_account(account.id)
    assert (member.user.email, member.user.name, member.role) == (
        "bob@corp.example",
        "Bob",
        Role.MEMBER,
    )


async def test_who_had_set_a_password_for_the_address_before_is_out(site: Site) -> None:
    """An owner could invite an address that is not theirs, and accept it in its owner's place."""
    user = site.user()
    site.dashboard.identity.passwords.set(user.id, "the attacker's own")
    attacker = await site.signed_in(user)
    assert (await sign_in(site.browser(), EVERYTHING)).status_code == 303
    assert (await attacker.open("/dashboard/settings")).status_code == 303
    assert site.dashboard.identity.passwords.check(user.email, "the attacker's own") is None


async def test_another_person_with_the_same_address_is_not_the_user(site: Site) -> None:
    site.user()
    assert (await sign_in(site.browser(), EVERYTHING)).status_code == 303
    assert (await sign_in(site.browser(), EVERYTHING, subject="2")).status_code == 403


async def test_who_cancels_at_the_provider_is_told_to_start_again(site: Site) -> None:
    browser = site.browser()
    await browser.open("/sign-in/oidc")
    answer = await browser.open("/sign-in/oidc/callback?error=access_denied&state=1")
    assert answer.status_code == 401
    assert "Start it again" in answer.text
