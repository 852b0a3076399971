"""`make screenshots`: all pages of dashboard and guide, light and dark, on desktop and phone.

With `--readme`, only the four pictures of the documentation; see `readme_screenshots.py`.
"""

import itertools
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import httpx
from playwright.sync_api import Browser, Page

from docs import readme_screenshots
from gateway.dashboard import app, navigation
from gateway.dashboard.visitor import SIGN_IN
from gateway.docs import routes
from gateway.docs.guide import guide
from gateway.settings import Settings
from loadtest.bench_pages import FIRST_PAINT
from tests.browser import chromium
from tests.browser.playground import Playground
from tests.browser.signing_in import sign_in
from tests.end_to_end.astronaut import PHOTO
from tests.end_to_end.service import CLEARBG, Service, environment, running

FOLDER = Path(__file__).parent / "screenshots"
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
WIDTHS = (chromium.DESKTOP, chromium.PHONE)
PATHS = app.page_paths(Settings())


def pages() -> Iterator[tuple[str, str, Callable[[Page], object]]]:
    """Yield a name, a path, and what to do on the page before its picture is taken."""
    yield "sign-in", SIGN_IN, lambda page: None
    for entry in navigation.ENTRIES:
        if entry.path in PATHS:
            name = entry.path.rpartition("/")[2] or "playground-empty"
            yield name, entry.path, lambda page: None
    yield "playground", "/", lambda page: Playground(page).choose()
    paths = (routes.START, routes.REFERENCE, *(page.path for page in guide().pages.values()))
    for path in paths:
        yield path.lstrip("/").replace("/", "-"), path, lambda page: None


def use(service: Service) -> None:
    """Use the service a little, so that its pages have something to show."""
    headers = {"X-API-Key": service.api_key}
    photo = PHOTO.read_bytes()
    with httpx.Client(base_url=service.url, headers=headers, timeout=120) as client:
        for options in ({}, {"format": "webp"}, {"size": "preview"}, {"feather": "900px"}):
            client.post("/v1/removebg", files={"image": photo}, data=options)
        images = [("images", (f"portrait-{number}.jpg", photo)) for number in range(1, 5)]
        client.post("/v1/bulk", files=images, data={"size": "1080p"})
    for name in ("Shop import", "Mobile app"):
        subprocess.run(
            [CLEARBG, "keys", "create", "--name", name],
            env=environment(service.log.parent),
            check=True,
            capture_output=True,
        )


def take(browser: Browser, service: Service, session: str) -> Iterator[str]:
    """Write all pictures; yields a line for each."""
    for scheme, width in itertools.product(SCHEMES, WIDTHS):
        for name, path, prepare in pages():
            state = None if path == SIGN_IN else session
            with chromium.opened(
                browser, service.url, color_scheme=scheme, storage_state=state
            ) as context:
                page = context.new_page()
                page.set_viewport_size({"width": width, "height": chromium.HEIGHT})
                page.goto(path, wait_until="networkidle")
                painted_ms = page.evaluate(FIRST_PAINT)
                prepare(page)
                picture = f"{name}-{scheme}-{width}.png"
                # The navigation is as high as the window, so that is made as high as the page.
                height = page.evaluate("document.documentElement.scrollHeight")
                page.set_viewport_size({"width": width, "height": height})
                page.screenshot(path=FOLDER / picture, full_page=True)
                yield f"{picture}: first painted after {painted_ms:.0f} ms"


def main() -> None:
    """Write the pictures to docs/screenshots/, which git ignores."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with tempfile.TemporaryDirectory() as folder, chromium.launched() as browser:
        with running(Path(folder)) as service:
            use(service)
            session = sign_in(browser, service)
            for line in take(browser, service, session):
                print(line)  # noqa: T201 # a command's output


if __name__ == "__main__":
    readme_screenshots.main() if "--readme" in sys.argv[1:] else main()
