"""The breaker between two models, with small fakes."""

import asyncio

import numpy as np
import pytest

from gateway.models import failover
from gateway.models.failover import Failover
from gateway.models.model import Priority
from tests.half_model import HalfModel


class Odd(HalfModel):
    """Its first probes fail in ways that nobody foresaw."""

    probes = 0

    async def ready(self) -> bool:
        self.probes += 1
        if self.probes < 3:
            raise RuntimeError("unforeseen")
        return True


async def test_probing_goes_on_whatever_goes_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(failover, "PROBE_INTERVAL_S", 0.01)
    primary = Odd()
    model = Failover(primary, HalfModel())
    async with asyncio.timeout(5):
        while model.open_since is not None:  # noqa: ASYNC110 (a task of its own decides)
            await asyncio.sleep(0.01)
    assert primary.probes == 3
    image = np.zeros((1024, 1024, 3), np.uint8)
    await model.infer(image, priority=Priority.INTERACTIVE, timeout_s=5)
    assert primary.calls == 1
    await model.close()


async def test_whoever_would_answer_says_whether_it_is_too_much() -> None:
    """The primary is given half of the time, so that the fallback has the rest."""
    seen: list[tuple[HalfModel, float]] = []

    class Asked(HalfModel):
        def check(self, *, priority: Priority, timeout_s: float) -> None:
            seen.append((self, timeout_s))

    primary, fallback = Asked(), Asked()
    model = Failover(primary, fallback)
    model.check(priority=Priority.INTERACTIVE, timeout_s=8)
    model.open_since = None
    model.check(priority=Priority.INTERACTIVE, timeout_s=8)
    assert seen == [(fallback, 8), (primary, 4)]
    await model.close()
