"""Signing in as the first user does: by the link that the first start prints."""

import re

from playwright.sync_api import Browser, expect

from gateway.identity import links
from tests.browser import chromium
from tests.end_to_end.service import Service


def printed_link(service: Service) -> str:
    """The one-time link that the first start prints."""
    found = re.search(rf"http\S+{links.PATH}/[\w-]+", service.log.read_text())
    assert found, service.log.read_text()
    return found[0]


def sign_in(browser: Browser, service: Service) -> str:
    """Use the printed link up; returns the path of a file with the session's cookies."""
    path = str(service.log.parent / "session.json")
    with chromium.opened(browser, service.url) as context:
        page = context.new_page()
        page.goto(printed_link(service))
        page.get_by_role("button", name="Sign in").click()
        expect(page.get_by_role("button", name="Sign out", exact=True)).to_be_visible()
        context.storage_state(path=path)
    return path
