from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.bulk.conftest import bulk
from tests.rest.conftest import model
from tests.rest.conftest import settings as strict
from tests.webhooks.endpoint import Endpoint, listening

__all__ = ["bulk", "model", "strict"]


@pytest.fixture
def settings(strict: Settings, tmp_path: Path) -> Settings:
    return strict.model_copy(update={"webhook_networks": "127.0.0.0/8"})


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as endpoint:
        yield endpoint
