"""What callers send, read until the service stops."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from gateway.accounts.gate import Visit
from gateway.errors import BadRequest, DeadlineExceeded, GatewayError, ModelUnavailable
from gateway.places import Places
from gateway.rpc.call import Call

Message = TypeVar("Message")

READ_WAIT_S = 2.0
"""For a place to read in, which others give back soon."""
STOPPING_RETRY_S = 1.0


class Reader:
    """Reads messages, of unary calls so many at once.

    Args:
        places: for messages that are being read.
        timeout_s: how long a unary call's may take.
        stopping: set: nothing more is read.
    """

    def __init__(self, places: int, timeout_s: float, stopping: asyncio.Event) -> None:
        self._places = Places(places, "messages are being read")
        self._timeout_s, self._stopping = timeout_s, stopping

    async def only(
        self,
        call: Call,
        visit: Visit,
        decode: Callable[[bytes], Message],
        timeout_s: float | None = None,
    ) -> Message:
        """The one message of a unary call.

        Raises:
            Overloaded: no place became free.
            DeadlineExceeded: it did not come in time.
            BadRequest, ClientGone, ModelUnavailable: as `next` does; or there is none.
        """
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        async with self._places.place(visit.key.id, READ_WAIT_S):
            message = await self.next(call, decode, limit_s)
        if message is None:
            raise BadRequest("Send one message.")
        return message

    async def next(
        self, call: Call, decode: Callable[[bytes], Message], timeout_s: float | None = None
    ) -> Message | None:
        """The next message; None after the last one.

        Raises:
            DeadlineExceeded: it did not come in `timeout_s` seconds.
            BadRequest, ClientGone: as `Call.read` does.
            ModelUnavailable: the service stops.
        """
        async with call.reading(decode, self._stopping) as (read, stop):
            await asyncio.wait((read, stop), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if not read.done():
                raise self._unread(timeout_s)
            return read.result()

    def _unread(self, timeout_s: float | None) -> GatewayError:
        if timeout_s is None or self._stopping.is_set():
            return stopped()
        return DeadlineExceeded(timeout_s)


def stopped() -> ModelUnavailable:
    """What is told when the service stops."""
    return ModelUnavailable("The service is stopping.", STOPPING_RETRY_S)
