"""Triton is killed, stopped and suspended under load; `make soak` does it with more requests."""

import pytest

from loadtest import chaos

pytestmark = pytest.mark.real


@pytest.mark.parametrize("case", chaos.CASES)
async def test_every_request_is_answered_when_triton_fails(
    case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(chaos, "TIMEOUT_S", 120.0)  # `make soak` keeps the usual one
    outcome = await chaos.run(case, requests=12, interval_s=1.5)
    assert outcome.requests == 12
    assert not outcome.errors
    assert outcome.slowest_s < chaos.TIMEOUT_S
    assert outcome.counted == outcome.devices, "each request is counted once, retried or not"
    assert set(outcome.devices) == {"triton-cpu", "cpu"}
