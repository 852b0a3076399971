from collections.abc import AsyncIterator, Iterator

import pytest

from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import Listening, listening
from tests.rest.conftest import model, settings
from tests.rpc.calls import Both, both

__all__ = ["gateway", "model", "settings"]


@pytest.fixture
async def gateway(model: HalfModel, settings: Settings) -> AsyncIterator[Both]:
    async with both(model, settings) as gateway:
        yield gateway


@pytest.fixture
def service(model: HalfModel, settings: Settings) -> Iterator[Listening]:
    with listening(model, settings) as service:
        yield service
