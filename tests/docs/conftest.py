from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.settings import Settings
from tests import databases
from tests.half_model import HalfModel
from tests.rest.gateway import serving

HTML = {"Accept": "text/html"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    databases.copy_to(tmp_path)
    return Settings(data_dir=tmp_path)


@pytest.fixture
async def client(settings: Settings) -> AsyncIterator[httpx.AsyncClient]:
    """A reader without key and session."""
    async with serving(HalfModel(), settings) as gateway:
        del gateway.client.headers["X-API-Key"]
        yield gateway.client
