from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from gateway.settings import Settings
from tests import databases
from tests.half_model import HalfModel
from tests.rest.gateway import Gateway, serving


def strict(data_dir: Path) -> Settings:
    """Small limits, which small images reach."""
    databases.copy_to(data_dir)
    return Settings(
        data_dir=data_dir,
        max_image_bytes=1_000_000,
        max_image_pixels=250_000,
        max_megapixels_in_flight=1,
        mask_cache_mb=0,  # inferences are counted
        request_timeout_s=60,  # what is to be late has a deadline of its own
    )


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return strict(tmp_path)


@pytest.fixture
def model() -> HalfModel:
    return HalfModel()


@pytest.fixture
async def gateway(model: HalfModel, settings: Settings) -> AsyncIterator[Gateway]:
    async with serving(model, settings) as gateway:
        yield gateway


@pytest.fixture
def client(gateway: Gateway) -> httpx.AsyncClient:
    return gateway.client
