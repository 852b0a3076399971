from collections.abc import AsyncIterator

import pytest

from gateway.removal import Remover
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.masks.core import opened
from tests.rest.conftest import model, settings

__all__ = ["model", "settings"]


@pytest.fixture
async def remover(model: HalfModel, settings: Settings) -> AsyncIterator[Remover]:
    async with opened(model, settings) as remover:
        yield remover
