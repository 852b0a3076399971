"""Waiting for what another task does."""

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], bool], timeout_s: float = 5) -> None:
    """Look at it every hundredth of a second.

    Raises:
        TimeoutError: it does not come true.
    """
    async with asyncio.timeout(timeout_s):
        while not condition():  # noqa: ASYNC110 # it is no event
            await asyncio.sleep(0.01)
