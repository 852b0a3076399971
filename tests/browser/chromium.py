"""Debian's Chromium, driven by Playwright, and what its pages do that they should not."""

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    expect,
    sync_playwright,
)

NAMES = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = (
    "--no-sandbox",  # root has none; the pages are ours
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
)
DESKTOP, PHONE = 1440, 375
"""Widths in CSS pixels."""
HEIGHT = 900
TIMEOUT_MS = 240_000
"""Ends a test that hangs; on a busy machine, Playwright's own 5 s are too few."""
LOCAL = ("blob", "data")
REPORT_VIOLATIONS = """document.addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}`))"""


def executable() -> str:
    """The browser's path; where there is none, the test is skipped, or fails on CI."""
    for name in NAMES:
        if path := shutil.which(name):
            return path
    reason = "there is no Chromium: run scripts/chromium.sh as root, or install it"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def launched() -> Iterator[Browser]:
    """A browser until the block ends. Only tests without an event loop can use it."""
    path = executable()
    expect.set_options(timeout=TIMEOUT_MS)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@dataclass
class Watch:
    """What all pages of a browser context have done wrong so far."""

    origin: str
    """Scheme and host of the only server that they may use."""
    wrongs: list[str] = field(default_factory=list)

    def on_request(self, url: str) -> None:
        """Record a request to anybody else."""
        parts = urlsplit(url)
        if parts.scheme not in LOCAL and f"{parts.scheme}://{parts.netloc}" != self.origin:
            self.wrongs.append(f"asked a third party: {url}")

    def on_message(self, message: ConsoleMessage) -> None:
        """Record an error, violations of the CSP among them."""
        # Chromium logs every answer of 400 and above, also those that a page expects.
        if message.type == "error" and "Failed to load resource" not in message.text:
            self.wrongs.append(message.text)


@contextmanager
def opened(browser: Browser, url: str, **options: Any) -> Iterator[BrowserContext]:
    """A context whose pages are watched; at the end of the block they must have done no wrong.

    Args:
        browser: makes it.
        url: of the service.
        options: of Playwright's `new_context`.
    """
    options = {
        "viewport": {"width": DESKTOP, "height": HEIGHT},
        "reduced_motion": "reduce",
    } | options
    watch = Watch(url)
    with browser.new_context(base_url=url, **options) as context:
        context.set_default_timeout(TIMEOUT_MS)
        context.add_init_script(REPORT_VIOLATIONS)
        context.on("request", lambda request: watch.on_request(request.url))
        context.on("console", watch.on_message)
        context.on("weberror", lambda error: watch.wrongs.append(str(error.error)))
        yield context
    assert not watch.wrongs, watch.wrongs


def width_of(page: Page) -> int:
    """How wide the page is, in CSS pixels: more than its window, if it scrolls sideways."""
    width: int = page.evaluate("document.documentElement.scrollWidth")
    return width


def url_pattern(path: str, next_path: str) -> re.Pattern[str]:
    """What matches a sign-in page's URL that leads back to a page."""
    return re.compile(rf"{re.escape(path)}\?next={re.escape(quote(next_path, safe=''))}$")
