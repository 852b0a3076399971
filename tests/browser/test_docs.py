"""The guide in a browser: search, key, tabs and copying; and what holds for each of its pages."""

from collections.abc import Iterator
from typing import Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, Request, expect

from gateway.docs.guide import guide
from gateway.docs.routes import REFERENCE, START
from tests.browser import accessibility, chromium
from tests.end_to_end.service import Service

PATHS = [START, *(page.path for page in guide().pages.values()), f"{START}/search?q=mask"]
SCHEMES: tuple[Literal["light"], Literal["dark"]] = ("light", "dark")
MAX_BYTES = 100_000
SECRET = "cb_a-key-that-nobody-has"
EVERYTHING_STORED = "JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])"


@pytest.fixture
def context(browser: Browser, service: Service) -> Iterator[BrowserContext]:
    """A browser in which nobody is signed in; it must do no wrong."""
    with chromium.opened(browser, service.url) as context:
        yield context


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


@pytest.mark.parametrize("path", PATHS)
def test_axe_finds_nothing_and_it_fits_a_phone(path: str, page: Page) -> None:
    page.goto(path)
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        for width in (chromium.DESKTOP, chromium.PHONE):
            page.set_viewport_size({"width": width, "height": chromium.HEIGHT})
            assert accessibility.violations(page) == [], (scheme, width)
            assert chromium.width_of(page) <= width


@pytest.mark.parametrize("path", PATHS)
def test_it_transfers_little(path: str, page: Page) -> None:
    network = page.context.new_cdp_session(page)
    sizes: dict[str, float] = {}
    kinds: dict[str, str] = {}
    network.on(
        "Network.responseReceived", lambda event: kinds.update({event["requestId"]: event["type"]})
    )
    network.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: event["encodedDataLength"]}),
    )
    network.send("Network.enable")
    page.goto(path, wait_until="networkidle")
    without_pictures = sum(size for id_, size in sizes.items() if kinds[id_] != "Image")
    assert 1000 < without_pictures <= MAX_BYTES


def test_the_keyboard_finds_a_section(page: Page) -> None:
    page.goto(START)
    page.keyboard.press("/")
    field = page.get_by_role("combobox", name="Search the documentation")
    expect(field).to_be_focused()
    page.keyboard.type("trimap erase")
    options = page.get_by_role("option")
    expect(options.first).to_have_attribute("aria-selected", "true")
    expect(options.first.locator("mark").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    expect(options.nth(1)).to_have_attribute("aria-selected", "true")
    assert field.get_attribute("aria-activedescendant") == options.nth(1).get_attribute("id")
    assert accessibility.violations(page) == []
    page.keyboard.press("ArrowUp")
    heading = options.first.locator("strong").inner_text()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=heading, exact=True)).to_be_in_viewport()


def test_a_search_without_results_says_so_and_can_be_closed(page: Page) -> None:
    page.goto(f"{START}/errors")
    field = page.get_by_role("combobox")
    field.fill("nosuchword")
    found = page.get_by_role("listbox")
    expect(page.get_by_text("Nothing has all these words.")).to_be_visible()
    field.press("Escape")
    expect(found).to_be_hidden()
    field.fill("nosuchword</mark><b>")
    expect(page.get_by_text("Nothing has all these words.")).to_be_visible()
    field.fill("/problems")  # the shortcut is a letter like others here
    expect(field).to_have_value("/problems")


def test_the_search_and_the_form_find_the_same(page: Page) -> None:
    page.goto(START)
    field = page.get_by_role("combobox")
    for query in ("webhook", "retry-after", "key limits"):
        field.fill(query)
        expect(page.get_by_role("option").first).to_be_visible()
        live = page.get_by_role("option").evaluate_all("all => all.map((e) => e.dataset.path)")
        page.goto(f"{START}/search?q={query}")
        links = page.locator(".results a").evaluate_all(
            "all => all.map((e) => e.pathname + e.hash)"
        )
        assert links[: len(live)] == live
        assert live


def test_the_search_works_without_scripts(browser: Browser, service: Service) -> None:
    with chromium.opened(browser, service.url, java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{START}/quick-start")
        expect(page.get_by_label("Your API key")).to_be_hidden()
        expect(page.locator(".alternatives .code").nth(1)).to_be_visible()
        page.get_by_role("searchbox").fill("trimap")
        page.get_by_role("searchbox").press("Enter")
        page.get_by_role("link", name="Correct the mask").click()
        expect(page.get_by_role("heading", name="Correct the mask")).to_be_in_viewport()


def test_the_key_completes_the_examples_and_goes_nowhere(page: Page, service: Service) -> None:
    requests: list[Request] = []
    page.on("request", lambda request: requests.append(request))
    page.goto(f"{START}/quick-start", wait_until="networkidle")
    code = page.get_by_role("tabpanel").first.locator("code")
    expect(code).to_contain_text(f"{service.url}/v1/removebg")
    expect(code).to_contain_text("YOUR_API_KEY")
    before = len(requests)
    field = page.get_by_label("Your API key")
    field.fill(f"  {SECRET}<b> ")
    expect(code).to_contain_text(f"X-API-Key: {SECRET}<b>")
    expect(page.locator("article")).not_to_contain_text("YOUR_API_KEY")
    field.press("Enter")
    assert len(requests) == before
    assert SECRET not in page.evaluate(EVERYTHING_STORED)
    page.get_by_role("link", name="Next").click()
    page.wait_for_load_state("networkidle")
    assert all(SECRET not in f"{each.url} {each.headers} {each.post_data}" for each in requests)
    page.goto(f"{START}/quick-start")
    expect(code).to_contain_text("YOUR_API_KEY")
    field.fill(SECRET)
    field.fill("")
    expect(code).to_contain_text("YOUR_API_KEY")


def test_languages_are_tabs_that_the_keyboard_reaches(page: Page) -> None:
    page.goto(f"{START}/quick-start")
    tabs = page.get_by_role("tab")
    expect(tabs.first).to_have_attribute("aria-selected", "true")
    tabs.first.focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Python")).to_be_focused()
    expect(page.get_by_role("tabpanel")).to_contain_text("import requests")
    assert accessibility.violations(page) == []


def test_code_is_copied_with_the_key(browser: Browser, service: Service) -> None:
    permissions = ["clipboard-read", "clipboard-write"]
    with chromium.opened(browser, service.url, permissions=permissions) as context:
        page = context.new_page()
        page.goto(f"{START}/quick-start")
        page.get_by_label("Your API key").fill(SECRET)
        panel = page.get_by_role("tabpanel")
        panel.get_by_role("button", name="Copy").click()
        expect(panel.get_by_role("button", name="Copied")).to_be_visible()
        copied = page.evaluate("navigator.clipboard.readText()")
    assert not copied.endswith("\n")  # at which a shell would run it
    assert f"X-API-Key: {SECRET}" in copied
    assert f"{service.url}/v1/removebg" in copied


def test_the_reference_of_the_api_is_drawn_and_readable(page: Page) -> None:
    page.goto(REFERENCE, wait_until="networkidle")
    call = page.get_by_text("Remove the background of one image", exact=True)
    expect(call).to_be_visible()
    call.click()
    expect(page.get_by_role("button", name="Try it out")).to_be_visible()
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        assert accessibility.violations(page) == [], scheme
    page.set_viewport_size({"width": chromium.PHONE, "height": chromium.HEIGHT})
    assert accessibility.violations(page) == []
    assert chromium.width_of(page) <= chromium.PHONE


def test_a_call_can_be_tried_in_the_reference(page: Page, service: Service) -> None:
    page.goto(REFERENCE)
    page.get_by_role("button", name="Authorize", exact=True).click()
    page.locator(".auth-container input").first.fill(service.api_key)
    page.locator(".modal-ux .authorize").first.click()
    page.get_by_role("button", name="Close", exact=True).first.click()
    page.get_by_text("List the models").click()
    page.get_by_role("button", name="Try it out").click()
    with page.expect_response("**/v1/models") as answer:
        page.get_by_role("button", name="Execute").click()
    assert answer.value.status == 200


def test_the_dashboard_leads_to_the_guide(browser: Browser, service: Service, session: str) -> None:
    with chromium.opened(browser, service.url, storage_state=session) as context:
        page = context.new_page()
        page.goto("/dashboard/keys")
        page.get_by_role("link", name="Documentation").click()
        expect(page.get_by_role("heading", level=1, name="Documentation")).to_be_visible()
        page.get_by_role("link", name="Dashboard", exact=True).click()
        expect(page.get_by_role("heading", level=1, name="API keys")).to_be_visible()
