"""Work side by side."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from itertools import islice
from typing import TypeVar

Name = TypeVar("Name")
Done = TypeVar("Done")


async def together(
    names: Iterable[Name], work: Callable[[Name], Awaitable[Done]], *, at_once: int
) -> AsyncIterator[tuple[Name, Done]]:
    """Do the work for each name, and give the results in the order in which they are done.

    Args:
        names: taken one by one, when there is a place.
        work: whatever it raises ends all.
        at_once: places.
    """
    waiting = iter(names)
    running: dict[asyncio.Task[Done], Name] = {}

    async def one(name: Name) -> Done:
        return await work(name)

    try:
        while True:
            for name in islice(waiting, at_once - len(running)):
                running[asyncio.create_task(one(name))] = name
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield running.pop(task), task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


@asynccontextmanager
async def beside(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Do it beside the block, until the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
