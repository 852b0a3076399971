"""Waiting for what another task, thread or process does.

The bounds are generous: they end a test that would hang, and no busy machine reaches them.
"""

import asyncio
import time
from collections.abc import Callable

TIMEOUT_S = 60.0


async def until(condition: Callable[[], bool], timeout_s: float = TIMEOUT_S) -> None:
    """Wait until a condition holds, looking every hundredth of a second.

    Raises:
        TimeoutError: it does not come true.
    """
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 # it is no event
            await asyncio.sleep(0.01)


def wait_until(
    condition: Callable[[], bool],
    why: Callable[[], object] = lambda: "",
    *,
    timeout_s: float = 2 * TIMEOUT_S,
    every_s: float = 0.05,
) -> None:
    """Block until a condition holds.

    Args:
        condition: is called every `every_s` seconds.
        why: explains the failure.
        timeout_s: seconds.
        every_s: seconds.

    Raises:
        AssertionError: it does not come true.
    """
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, why()
        time.sleep(every_s)
