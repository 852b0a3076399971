"""Signing in as people do: by the link, by a password without scripts, and by a provider."""

import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from loadtest.ports import free_port
from tests.browser import chromium
from tests.browser.signing_in import printed_link
from tests.end_to_end.service import Service, running

PASSWORD = "correct horse battery"

# The provider runs in a thread here, and uses what its own libraries deprecate.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def provider() -> Iterator[str]:
    import oidc_provider_mock

    with oidc_provider_mock.run_server_in_thread() as server:
        yield f"http://localhost:{server.server_port}"


@pytest.fixture(scope="module")
def service(provider: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder: Path = tmp_path_factory.mktemp("service")
    port = free_port()
    with running(
        folder,
        http_port=port,
        public_url=f"http://127.0.0.1:{port}",
        oidc_issuer=provider,
        oidc_client_id="clearbg",
        oidc_client_secret="secret",
        oidc_domains="corp.example",
    ) as service:
        yield service


def sign_in_by_password(page: Page) -> None:
    page.get_by_label("E-mail").fill("admin@localhost")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()


def test_the_printed_link_then_a_password_without_scripts(
    browser: Browser, service: Service
) -> None:
    link = printed_link(service)
    with chromium.opened(browser, service.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(link)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_label("New password", exact=True).fill(PASSWORD)
        page.get_by_label("New password again").fill(PASSWORD)
        page.get_by_role("button", name="Set password").click()
        expect(page.get_by_text("Your password is set.")).to_be_visible()
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.goto("/dashboard/members")
        sign_in_by_password(page)
        expect(page.get_by_role("heading", name="Members", level=1)).to_be_visible()
        assert page.url.endswith("/dashboard/members")
        page.get_by_role("button", name="Sign out", exact=True).click()
        page.goto(link)
        expect(page.get_by_role("heading", name="This link no longer works")).to_be_visible()


def test_the_provider_signs_a_colleague_in(
    browser: Browser, service: Service, provider: str
) -> None:
    claims = {"email": "bob@corp.example", "email_verified": True, "name": "Bob"}
    httpx.put(f"{provider}/users/bob", json=claims).raise_for_status()
    with browser.new_context(base_url=service.url) as context:  # it visits the provider too
        page = context.new_page()
        page.goto("/dashboard/members")
        page.get_by_role("link", name="Sign in with single sign-on").click()
        page.get_by_placeholder("sub").fill("bob")
        page.get_by_role("button", name="Authorize").click()
        expect(page).to_have_url(re.compile(rf"^{re.escape(service.url)}/dashboard/members$"))
        expect(page.get_by_role("strong").filter(has_text="Bob")).to_be_visible()
        expect(page.get_by_role("heading", name="Invite somebody")).to_have_count(0)
