"""Coroutines that run at the same time, and cooldowns."""

import asyncio
import time

import pytest

from gateway.concurrency import Cooldown, concurrently


async def test_no_more_calls_run_at_once_than_allowed() -> None:
    running = most_running = 0

    async def square(number: int) -> int:
        nonlocal running, most_running
        running += 1
        most_running = max(most_running, running)
        await asyncio.sleep(0.01 * (number % 3))
        running -= 1
        return number**2

    squares = {n: result async for n, result in concurrently(range(20), square, at_once=4)}
    assert squares == {n: n**2 for n in range(20)}
    assert most_running == 4


def test_a_cooldown_starts_over_with_each_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now_s)
    cooldown = Cooldown(2)
    assert not cooldown.is_active
    cooldown.start()
    now_s += 1.5
    assert cooldown.is_active
    cooldown.start()
    now_s += 1.5
    assert cooldown.is_active
    now_s += 0.5
    assert not cooldown.is_active
