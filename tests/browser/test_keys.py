"""API keys and usage as a person goes through them, with scripts and without."""

import re
from collections.abc import Callable

import httpx
import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser import accessibility, chromium
from tests.end_to_end.service import Service

KEYS, USAGE = "/dashboard/keys", "/dashboard/usage?range=1h"


def cut_out(service: Service, secret: str, photo: bytes) -> int:
    """Call the API as a program does; return the status."""
    files, headers = {"image": ("photo.png", photo)}, {"X-API-Key": secret}
    url = f"{service.url}/v1/removebg"
    return httpx.post(url, files=files, headers=headers, timeout=120).status_code


def create(page: Page, name: str) -> str:
    """Create a key with the form; return the secret that is shown."""
    page.goto(KEYS)
    page.get_by_role("link", name="Create a key").click()
    page.get_by_label("Name").fill(name)
    page.get_by_text("Limits of its own").click()
    page.get_by_label("Images per month").fill("100")
    page.get_by_role("button", name="Create the key").click()
    return shown_secret(page)


def shown_secret(page: Page) -> str:
    expect(page.get_by_role("heading", name="Your new key")).to_be_visible()
    secret = page.locator("#secret").inner_text()
    assert re.fullmatch(r"cbg_\w{40}", secret)
    assert secret in page.locator("#curl").inner_text()
    return secret


def follow(page: Page, action: str, name: str) -> None:
    """Go to the page on which an action of a key is confirmed."""
    page.goto(KEYS)
    page.get_by_role("link", name=f"{action} {name}").click()


def see_usage_grow(page: Page, name: str) -> None:
    """Reload the page of usage until the key's image is counted: it is written in batches."""
    row = page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))

    def is_counted() -> bool:
        page.goto(USAGE)
        return row.count() == 1 and row.get_by_role("cell").nth(1).inner_text() == "1"

    for _ in range(100):
        if is_counted():
            return
        page.wait_for_timeout(500)
    raise AssertionError(page.inner_text("main"))


@pytest.mark.parametrize("scripts", [True, False], ids=["with scripts", "without scripts"])
def test_a_key_is_created_used_rotated_and_revoked(
    browser: Browser, service: Service, session: str, photo: Callable[..., bytes], *, scripts: bool
) -> None:
    name, image = f"Web shop {scripts}", photo()
    with chromium.opened(
        browser, service.url, java_script_enabled=scripts, storage_state=session
    ) as context:
        page = context.new_page()
        first = create(page, name)
        assert cut_out(service, first, image) == 200
        see_usage_grow(page, name)
        expect(page.get_by_role("img", name=re.compile("^Images"))).to_be_visible()
        follow(page, "Rotate", name)
        page.get_by_label("The present secret goes on").select_option("Not at all")
        page.get_by_role("button", name="Rotate the key").click()
        second = shown_secret(page)
        assert cut_out(service, first, image) == 401
        assert cut_out(service, second, image) == 200
        follow(page, "Revoke", name)
        page.get_by_role("button", name="Revoke the key").click()
        expect(page.get_by_text(re.compile("Keys that have ended"))).to_be_visible()
        assert cut_out(service, second, image) == 401


def test_the_key_and_the_command_are_copied(context: BrowserContext) -> None:
    context.grant_permissions(["clipboard-read", "clipboard-write"])
    page = context.new_page()
    secret = create(page, "copied")
    for button, expected in (("Copy", secret), ("Copy the command", "curl --fail-with-body")):
        page.get_by_role("button", name=button, exact=True).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()").startswith(expected)
        expect(page.get_by_role("button", name="Copied")).to_have_count(0)


def test_axe_finds_nothing_and_all_fits_a_phone(context: BrowserContext) -> None:
    page = context.new_page()
    create(page, "x" * 100)

    def check() -> None:
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            for width in (chromium.DESKTOP, chromium.PHONE):
                page.set_viewport_size({"width": width, "height": chromium.HEIGHT})
                assert accessibility.violations(page) == [], (page.url, scheme, width)
                assert chromium.width_of(page) <= width

    check()
    page.goto(f"{KEYS}/new")
    page.get_by_label("Name").fill(" ")
    page.get_by_role("button", name="Create the key").click()
    expect(page.get_by_role("alert")).to_be_visible()
    check()
    for action in ("Rotate", "Revoke"):
        follow(page, action, "x" * 100)
        check()
    page.goto("/dashboard/usage?range=30d")
    for details in page.locator("details").all():
        details.locator("summary").click()
    check()
