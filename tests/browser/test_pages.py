"""What holds for every page of the dashboard."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from gateway.dashboard import app, navigation
from gateway.dashboard.visitor import SIGN_IN
from gateway.settings import Settings
from tests.browser import accessibility, chromium
from tests.end_to_end.service import Service

PATHS = app.page_paths(Settings())
SIGNED_IN = [entry.path for entry in navigation.ENTRIES if entry.path in PATHS]
SIGNED_OUT = [SIGN_IN, "/sign-in/link/wrong"]
MISSING = "/dashboard/there-is-no-such-page"
MAX_BYTES = 100_000


@pytest.fixture
def stranger(browser: Browser, service: Service) -> Iterator[BrowserContext]:
    """A browser in which nobody is signed in."""
    with chromium.opened(browser, service.url) as context:
        yield context


@pytest.fixture(params=[*SIGNED_IN, MISSING, *SIGNED_OUT])
def path(request: pytest.FixtureRequest) -> str:
    path: str = request.param
    return path


@pytest.fixture
def page(path: str, context: BrowserContext, stranger: BrowserContext) -> Page:
    return (stranger if path in SIGNED_OUT else context).new_page()


def test_axe_finds_nothing(page: Page, path: str) -> None:
    page.goto(path)
    for scheme in ("light", "dark"):
        page.emulate_media(color_scheme=scheme)
        for width in (chromium.DESKTOP, chromium.PHONE):
            page.set_viewport_size({"width": width, "height": chromium.HEIGHT})
            assert accessibility.violations(page) == [], (scheme, width)


def test_it_transfers_little(page: Page, path: str) -> None:
    network = page.context.new_cdp_session(page)
    sizes: list[float] = []
    network.on("Network.loadingFinished", lambda event: sizes.append(event["encodedDataLength"]))
    network.send("Network.enable")
    page.goto(path, wait_until="networkidle")
    assert 1000 < sum(sizes) <= MAX_BYTES


def test_it_fits_a_phone(page: Page, path: str) -> None:
    page.set_viewport_size({"width": chromium.PHONE, "height": chromium.HEIGHT})
    page.goto(path)
    assert chromium.width_of(page) <= chromium.PHONE


def test_it_says_what_it_is_without_scripts(
    path: str, browser: Browser, service: Service, session: str
) -> None:
    state = None if path in SIGNED_OUT else session
    with chromium.opened(
        browser, service.url, java_script_enabled=False, storage_state=state
    ) as context:
        page = context.new_page()
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()


@pytest.mark.parametrize("path", [path for path in SIGNED_IN])
def test_a_stranger_is_led_to_the_sign_in_and_back(path: str, stranger: BrowserContext) -> None:
    page = stranger.new_page()
    page.goto(path)
    expect(page).to_have_url(chromium.url_pattern(SIGN_IN, path))


WRONGS = {
    "a third party": "new Image().src = 'http://third.party.test/pixel.gif'",
    "CSP: style-src-elem": "document.head.insertAdjacentHTML('beforeend', '<style>a {}</style>')",
    "gone wrong": "setTimeout(() => { throw new Error('gone wrong') })",
}


@pytest.mark.parametrize("wrong", WRONGS)
def test_what_pages_do_wrong_is_noticed(wrong: str, browser: Browser, service: Service) -> None:
    with pytest.raises(AssertionError, match=wrong):
        do_wrong(WRONGS[wrong], browser, service)


def do_wrong(script: str, browser: Browser, service: Service) -> None:
    with chromium.opened(browser, service.url) as context:
        page = context.new_page()
        page.goto(SIGN_IN)
        page.evaluate(f"void ({script})")
        page.evaluate("new Promise((done) => setTimeout(done))")
