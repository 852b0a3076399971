"""Reads messages of calls, until the service shuts down."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

from gateway.accounts.caller import Caller
from gateway.errors import BadRequest, DeadlineExceeded, GatewayError, ModelUnavailable
from gateway.limits.receive_slots import ReceiveSlots
from gateway.rpc.call import Call

Message = TypeVar("Message")

READ_WAIT_S = 2.0
"""Timeout for a receive slot; the messages that hold them arrive quickly."""
STOPPING_RETRY_S = 1.0
RECONNECT_S = 0.1
"""Until the next call: nothing is wrong with this service."""


class Reader:
    """Reads messages; those of unary calls within a number of receive slots.

    Args:
        slots: messages of unary calls that may arrive at once.
        timeout_s: default timeout for the message of a unary call.
        stopping: set when the service shuts down: nothing more is read.
    """

    def __init__(self, slots: int, timeout_s: float, stopping: asyncio.Event) -> None:
        self._slots = ReceiveSlots(slots, "messages are being read")
        self._timeout_s, self._stopping = timeout_s, stopping

    async def only(
        self,
        call: Call,
        caller: Caller,
        decode: Callable[[bytes], Message],
        timeout_s: float | None = None,
    ) -> Message:
        """Return the one message of a unary call.

        Raises:
            Overloaded: no receive slot became free.
            DeadlineExceeded: the message did not arrive in time.
            BadRequest: there is no message, or it cannot be decoded.
            ClientGone, ModelUnavailable: as in `next`.
        """
        limit_s = self._timeout_s if timeout_s is None else timeout_s
        async with self._slots.slot(caller.key.id, READ_WAIT_S):
            message = await self.next(call, decode, limit_s)
        if message is None:
            raise BadRequest("Send one message.")
        return message

    async def next(
        self, call: Call, decode: Callable[[bytes], Message], timeout_s: float | None = None
    ) -> Message | None:
        """Return the next message; None after the last one.

        Raises:
            DeadlineExceeded: it did not arrive in `timeout_s` seconds.
            BadRequest, ClientGone: as in `Call.read`.
            ModelUnavailable: the service is shutting down.
        """
        async with call.reading(decode, self._stopping) as (read, stop):
            await asyncio.wait((read, stop), timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if not read.done():
                raise self._unread(timeout_s)
            return read.result()

    def _unread(self, timeout_s: float | None) -> GatewayError:
        if timeout_s is None or self._stopping.is_set():
            return shutting_down()
        return DeadlineExceeded(timeout_s)


def shutting_down() -> ModelUnavailable:
    """Return the error for calls that the shutdown ends."""
    return ModelUnavailable("The service is shutting down.", STOPPING_RETRY_S)


def reconnect() -> ModelUnavailable:
    """Return the error that ends a long call, so that its client opens one on a new connection."""
    return ModelUnavailable("The call has grown old: open another one.", RECONNECT_S)
