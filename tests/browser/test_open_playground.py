"""The playground of a service that opens it to everybody."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser import accessibility, chromium
from tests.browser.playground import Playground
from tests.end_to_end.service import Service, running


@pytest.fixture(scope="module")
def service(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("service")
    with running(folder, playground="open", playground_images_per_minute=1) as service:
        yield service


def test_a_stranger_cuts_out_within_the_limit(browser: Browser, service: Service) -> None:
    with chromium.opened(browser, service.url) as context:
        playground = Playground(context.new_page())
        assert accessibility.violations(playground.page) == []
        expect(playground.page.get_by_role("link", name="Sign in")).to_be_visible()
        playground.choose()
        assert playground.download()[:4] == b"\x89PNG"
        playground.fill("feather", "2px")
        expect(playground.notice).to_contain_text("More than 1 images from your address a minute.")
        expect(playground.notice).to_contain_text("Try again in")
