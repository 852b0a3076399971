"""Run coroutines concurrently or in the background, and call something when nothing happens."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from itertools import islice
from typing import TypeVar

from serving.cores import available_cores

Item = TypeVar("Item")
Result = TypeVar("Result")


async def concurrently(
    items: Iterable[Item], work: Callable[[Item], Awaitable[Result]], *, at_once: int
) -> AsyncIterator[tuple[Item, Result]]:
    """Run `work` for every item, and yield each item with its result as it completes.

    The first exception that `work` raises is raised here; the calls still running are cancelled.

    Args:
        items: read lazily, one whenever a call may start.
        work: called once per item.
        at_once: how many calls run at the same time.
    """
    waiting = iter(items)
    running: dict[asyncio.Task[Result], Item] = {}

    async def call(item: Item) -> Result:
        return await work(item)

    try:
        while True:
            for item in islice(waiting, at_once - len(running)):
                running[asyncio.create_task(call(item))] = item
            if not running:
                return
            done, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                yield running.pop(task), task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


def loop_time() -> float:
    """Return the event loop's clock in seconds; tests in virtual time make it run faster."""
    return asyncio.get_running_loop().time()


def helper_threads() -> ThreadPoolExecutor:
    """Return the threads of `asyncio.to_thread`: as many as Python makes, for cores we may use."""
    return ThreadPoolExecutor(available_cores() + 4, "helper")


@asynccontextmanager
async def running_in_background(work: Coroutine[None, None, None]) -> AsyncIterator[None]:
    """Run a coroutine as a task while the block runs, and cancel it when the block ends."""
    task = asyncio.create_task(work)
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


class WhenIdle:
    """Calls a function, in the event loop, after a period without activity.

    Args:
        idle_s: seconds after the last `restart`; None disables the call.
        act: the function to call.
    """

    def __init__(self, idle_s: float | None, act: Callable[[], object]) -> None:
        self.idle_s, self._act = idle_s, act
        self._timer: asyncio.TimerHandle | None = None

    def restart(self) -> None:
        """Restart the period: an activity has just ended."""
        self.stop()
        if self.idle_s is not None:
            self._timer = asyncio.get_running_loop().call_later(self.idle_s, self._act)

    def stop(self) -> None:
        """Cancel the call: an activity has begun, or the owner is closed."""
        if self._timer:
            self._timer.cancel()


class Cooldown:
    """A time after an event during which callers skip an action.

    Such as calling a store that has just failed: requests then fail at once, instead of each
    waiting for a timeout of its own.

    Args:
        seconds: how long it lasts.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._ends_at = 0.0

    @property
    def is_active(self) -> bool:
        """Whether `start` was called within the last `seconds`."""
        return time.monotonic() < self._ends_at

    def start(self) -> None:
        """Start the cooldown, from the beginning if it is active already."""
        self._ends_at = time.monotonic() + self._seconds
