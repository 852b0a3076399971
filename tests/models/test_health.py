"""What a model says of itself for operators."""

import asyncio
from typing import Any

import numpy as np
import pytest

from gateway.errors import ModelUnavailable
from gateway.models.failover import Failover
from gateway.models.model import Health, Priority
from tests.half_model import HalfModel
from tests.virtual_time import VirtualTimeLoop

IMAGE = np.zeros((1024, 1024, 3), np.uint8)


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, Any]]:
    return "asyncio", {"loop_factory": VirtualTimeLoop}


async def test_health_says_what_computes_and_since_when_the_primary_fails() -> None:
    primary = HalfModel()
    model = Failover(primary, HalfModel())
    assert await model.probe()
    assert model.health == Health("cpu", "half-1", failing_s=None)
    primary.fail = ModelUnavailable("It does not answer.", 1)
    await model.infer(IMAGE, priority=Priority.INTERACTIVE, timeout_s=30)
    await asyncio.sleep(60)
    assert model.health == Health("cpu", "half-1", failing_s=60)
    alone = Failover(primary, None)
    assert alone.health == Health("", "", failing_s=0)
    for failover in (model, alone):
        await failover.close()
