"""Cancels work whose client has disconnected, so that it takes no time from others."""

import asyncio
from collections.abc import Coroutine
from typing import TypeVar

from fastapi import Request

from gateway.errors import ClientGone

T = TypeVar("T")


async def unless_disconnected(request: Request, work: Coroutine[None, None, T]) -> T:
    """Await the work; cancel it if the client disconnects. The body must have been read.

    Raises:
        ClientGone: the client disconnected first.
    """
    task = asyncio.create_task(work)
    gone = asyncio.create_task(_disconnected(request))
    try:
        await asyncio.wait((task, gone), return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            return task.result()
        raise ClientGone
    finally:
        task.cancel()
        gone.cancel()
        await asyncio.gather(task, gone, return_exceptions=True)


async def _disconnected(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
