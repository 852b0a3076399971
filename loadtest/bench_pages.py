"""`make bench-pages`: first contentful paints of the dashboard's pages, and their bytes."""

import statistics
import tempfile
from pathlib import Path

from playwright.sync_api import Browser
from rich.console import Console
from rich.table import Table

from gateway.dashboard import app, navigation
from gateway.dashboard.visitor import SIGN_IN
from gateway.settings import Settings
from tests.browser import chromium
from tests.browser.signing_in import sign_in
from tests.end_to_end.service import Service, running

ROUNDS = 5
FIRST_PAINT = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0"
FIRST_BYTE = "performance.getEntriesByType('navigation')[0].responseStart"

Visit = tuple[float, float, float, float]
"""Milliseconds until the first byte, and until something is painted; kilobytes, requests."""


def paths() -> list[str]:
    """Return the pages of the navigation, and the sign-in."""
    there_are = app.page_paths(Settings())
    return [SIGN_IN, *(entry.path for entry in navigation.ENTRIES if entry.path in there_are)]


def visit(browser: Browser, service: Service, session: str, path: str) -> Visit:
    """Open a page in a browser that has nothing of it in its cache."""
    state = None if path == SIGN_IN else session
    with chromium.opened(browser, service.url, storage_state=state) as context:
        page = context.new_page()
        network = context.new_cdp_session(page)
        sizes: list[float] = []
        network.on(
            "Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"])
        )
        network.send("Network.enable")
        page.goto(path, wait_until="networkidle")
        times = page.evaluate(FIRST_BYTE), page.evaluate(FIRST_PAINT)
    return (*times, sum(sizes) / 1000, len(sizes))


def main() -> None:
    """Print medians of rounds over all pages; before them, each page is opened once."""
    visits: dict[str, list[Visit]] = {path: [] for path in paths()}
    with tempfile.TemporaryDirectory() as folder, chromium.launched() as browser:
        with running(Path(folder)) as service:
            session = sign_in(browser, service)
            for _ in range(1 + ROUNDS):
                for path, found in visits.items():
                    found.append(visit(browser, service, session, path))
    table = Table("page", "first byte ms", "first paint ms", "kB", "requests", title="On loopback")
    for path, found in visits.items():
        byte_ms, paint_ms, kilobytes, requests = (
            statistics.median(column) for column in zip(*found[1:], strict=True)
        )
        table.add_row(
            path, f"{byte_ms:.0f}", f"{paint_ms:.0f}", f"{kilobytes:.1f}", f"{requests:g}"
        )
    Console().print(table)


if __name__ == "__main__":
    main()
