import httpx

from gateway.accounts.accounts import DEFAULT
from gateway.identity.members import Role
from tests.dashboard.browser import Browser
from tests.dashboard.conftest import Site
from tests.dashboard.things import OTHER

MEMBERS = "/dashboard/members"


async def invite(browser: Browser, email: str, role: str = "member") -> str:
    """The path of a new invitation's link."""
    page = await browser.send(f"{MEMBERS}/invitations", page=MEMBERS, email=email, role=role)
    assert page.status_code == 200, page.text
    link = page.text.partition('id="link" value="')[2].partition('"')[0]
    return httpx.URL(link).path


def roles(site: Site, account: str = DEFAULT) -> dict[str, str]:
    found = site.dashboard.identity.members.of_account(site.dashboard.accounts.find(account).id)
    return {member.user.email: str(member.role) for member in found}


async def test_an_invited_person_joins_once_and_sets_a_password(site: Site) -> None:
    owner = await site.signed_in(site.user())
    path = await invite(owner, "Grace@Example.com")
    browser = site.browser()
    page = await browser.open(path)
    assert "grace@example.com" in page.text
    assert roles(site) == {"ada@example.com": "owner"}  # opening it is not accepting it
    answer = await browser.send(path)
    assert (answer.status_code, answer.headers["location"]) == (303, "/dashboard/settings")
    assert roles(site)["grace@example.com"] == "member"
    assert "Set a password" in (await browser.open("/dashboard/settings")).text
    assert (await site.browser().send(path)).status_code == 410


async def test_a_withdrawn_invitation_does_not_work(site: Site) -> None:
    owner = await site.signed_in(site.user())
    path = await invite(owner, "grace@example.com")
    account = site.dashboard.accounts.find(DEFAULT)
    (open_one,) = site.dashboard.identity.invitations.of_account(account.id)
    await owner.send(f"{MEMBERS}/invitations/{open_one.id}/withdraw", page=MEMBERS)
    assert (await site.browser().send(path)).status_code == 410


async def test_an_invitation_signs_nobody_in_who_has_a_user_already(site: Site) -> None:
    """Its maker has the link too, and would be signed in as somebody of another account."""
    site.dashboard.accounts.create(OTHER)
    grace = site.user("grace@example.com", account=OTHER)
    mallory = await site.signed_in(site.user("mallory@example.com"))
    path = await invite(mallory, "grace@example.com", "owner")
    for browser in (site.browser(), mallory):
        assert "Sign in as grace@example.com" in (await browser.open(path)).text
        answer = await browser.send(path)
        assert answer.status_code == 403
    assert "grace@example.com" not in roles(site)
    theirs = await site.signed_in(grace)
    assert (await theirs.send(path)).status_code == 303
    assert roles(site)["grace@example.com"] == "owner"
    page = await theirs.open("/dashboard/settings")
    assert f"You see <strong>{DEFAULT}</strong>" in page.text
    other = site.dashboard.accounts.find(OTHER)
    await theirs.send("/dashboard/settings/account", "/dashboard/settings", account=str(other.id))
    page = await theirs.open("/dashboard/settings")
    assert f"You see <strong>{OTHER}</strong>" in page.text


async def test_nobody_looks_at_an_account_that_is_not_theirs(site: Site) -> None:
    other = site.dashboard.accounts.create(OTHER)
    browser = await site.signed_in(site.user())
    answer = await browser.send(
        "/dashboard/settings/account", "/dashboard/settings", account=str(other.id)
    )
    assert answer.status_code == 404


async def test_owners_change_roles_and_remove_members_but_the_last_owner_stays(site: Site) -> None:
    ada = site.user()
    grace = site.user("grace@example.com", Role.MEMBER)
    browser = await site.signed_in(ada)
    for path in (f"{MEMBERS}/{ada.id}/role", f"{MEMBERS}/{ada.id}/remove"):
        page = await browser.send(path, page=MEMBERS, role="member")
        assert page.status_code == 400
        assert "only owner" in page.text
    await browser.send(f"{MEMBERS}/{grace.id}/role", page=MEMBERS, role="owner")
    assert roles(site)["grace@example.com"] == "owner"
    await browser.send(f"{MEMBERS}/{ada.id}/role", page=MEMBERS, role="member")
    assert roles(site) == {"ada@example.com": "member", "grace@example.com": "owner"}
    page = await browser.open(MEMBERS)
    assert "Invite somebody" not in page.text
    theirs = await site.signed_in(grace)
    await theirs.send(f"{MEMBERS}/{ada.id}/remove", page=MEMBERS)
    assert roles(site) == {"grace@example.com": "owner"}


async def test_an_unknown_role_is_rejected(site: Site) -> None:
    ada = site.user()
    browser = await site.signed_in(ada)
    answer = await browser.send(f"{MEMBERS}/{ada.id}/role", page=MEMBERS, role="king")
    assert answer.status_code == 400


async def test_nothing_is_offered_that_would_leave_no_owner(site: Site) -> None:
    ada = site.user()
    browser = await site.signed_in(ada)
    page = (await browser.open(MEMBERS)).text
    assert "The only owner" in page
    assert f"{MEMBERS}/{ada.id}/" not in page
    site.user("grace@example.com")
    page = (await browser.open(MEMBERS)).text
    assert "The only owner" not in page
    assert page.count("/remove") == 2
