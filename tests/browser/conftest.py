from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, BrowserContext

from tests.browser import chromium
from tests.browser.signing_in import sign_in
from tests.end_to_end.service import Service, running


# Of one file each: a browser that outlives its file would keep its event loop running in the
# thread in which the next file's async tests start their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium.launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def service(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One real service for the tests of a file."""
    with running(tmp_path_factory.mktemp("service")) as service:
        yield service


@pytest.fixture(scope="module")
def session(browser: Browser, service: Service) -> str:
    """The path of a file with the cookies of the administrator, who has used the printed link."""
    return sign_in(browser, service)


@pytest.fixture
def context(browser: Browser, service: Service, session: str) -> Iterator[BrowserContext]:
    """A browser in which the administrator is signed in; it must do no wrong."""
    with chromium.opened(browser, service.url, storage_state=session) as context:
        yield context
