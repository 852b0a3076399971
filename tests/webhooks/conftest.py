from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.settings import Settings
from gateway.webhooks import retries, sender
from tests.bulk.conftest import bulk
from tests.rest.conftest import model
from tests.rest.conftest import settings as strict
from tests.webhooks.endpoint import Endpoint, listening

__all__ = ["bulk", "model", "strict"]


@pytest.fixture
def settings(strict: Settings, tmp_path: Path) -> Settings:
    return strict.model_copy(update={"webhook_networks": "127.0.0.0/8"})


@pytest.fixture
def fast_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """Poll often for due deliveries, and make the second attempt at once."""
    monkeypatch.setattr(sender, "POLL_INTERVAL_S", 0.05)
    monkeypatch.setattr(retries, "RETRY_DELAYS_S", (0.01, *retries.RETRY_DELAYS_S[1:]))


@pytest.fixture
async def endpoint() -> AsyncIterator[Endpoint]:
    async with listening() as endpoint:
        yield endpoint
