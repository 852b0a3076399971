"""Triton is killed, stopped and silenced under load; `make soak` does it with more requests."""

import pytest

from loadtest import chaos


@pytest.mark.parametrize("case", chaos.CASES)
async def test_requests_survive_whatever_happens_to_triton(case: str) -> None:
    outcome = await chaos.run(case, requests=12, interval_s=1.5)
    assert outcome.requests == 12
    assert not outcome.errors
    assert outcome.slowest_s < chaos.TIMEOUT_S
    assert outcome.counted == outcome.devices, "each request is counted once, retried or not"
    assert set(outcome.devices) == {"triton-cpu", "cpu"}
