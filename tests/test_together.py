"""Several things at once."""

import asyncio

from gateway.together import together


async def test_together_keeps_to_its_places() -> None:
    running = most = 0

    async def work(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        await asyncio.sleep(0.01 * (number % 3))
        running -= 1
        return number**2

    found = {n: square async for n, square in together(range(20), work, at_once=4)}
    assert found == {n: n**2 for n in range(20)}
    assert most == 4
