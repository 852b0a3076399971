from collections.abc import AsyncIterator

import pytest

from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.conftest import model, settings
from tests.rpc.calls import Both, both

__all__ = ["gateway", "model", "settings"]


@pytest.fixture
async def gateway(model: HalfModel, settings: Settings) -> AsyncIterator[Both]:
    async with both(model, settings) as gateway:
        yield gateway
