from collections.abc import Iterator

import pytest

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.keys import KeyStore
from gateway.settings import Settings
from tests.clients.pages import Pages
from tests.end_to_end.service import Service, running

SMALL = {
    "max_image_bytes": 200_000,
    "max_image_pixels": 300_000,
    "max_megapixels_in_flight": 0.3,  # of one photo
}


@pytest.fixture(scope="module")
def pages() -> Iterator[Pages]:
    """A web site of another origin than the service's."""
    with Pages.served() as pages:
        yield pages


@pytest.fixture(scope="module")
def service(pages: Pages, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One real service, whose limits the tests reach with a small photo."""
    chosen = SMALL | {
        "mask_cache_mb": 64,
        "webhook_networks": "127.0.0.0/8",
        "cors_origins": pages.origin,
    }
    with running(tmp_path_factory.mktemp("service"), **chosen) as service:
        yield service


@pytest.fixture(scope="module")
def keys(service: Service) -> dict[str, str]:
    """The environment of the client's tests: keys by their limits, and the service's URL."""
    settings = Settings(data_dir=service.log.parent)
    engine = database.connect(settings.database)
    account = AccountStore(engine).find(DEFAULT).id

    def key(*limits: int | None) -> str:
        return KeyStore(engine).create("tests", account, limits=Limits(*limits))[1]

    made = {
        "CLEARBG_URL": service.url,
        "CLEARBG_API_KEY": key(0, 0),
        "CLEARBG_KEY_OF_ONE_REQUEST": key(1, 0),
        "CLEARBG_KEY_OF_ONE_IMAGE": key(0, 0, 1),
    }
    engine.dispose()
    return made
