"""One gRPC call: who makes it, what it reads and writes, and how it ends."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from gateway.access import answered, request, request_id
from gateway.accounts import rate_headers
from gateway.accounts.gate import Gate, Visit, Windows
from gateway.accounts.keys import ApiKey
from gateway.admission import Admission
from gateway.errors import BadRequest, ClientGone, DeadlineExceeded, GatewayError
from gateway.metrics import ERRORS, REQUESTS_IN_FLIGHT
from gateway.orders.work import SEND_TIMEOUT_S
from gateway.rpc import status
from gateway.rpc.peer import address
from gateway.settings import Networks

log = logging.getLogger(__name__)

Context = aio.ServicerContext[Any, Any]
Message = TypeVar("Message")


class Call:
    """What the service sees of a call.

    Args:
        context: gRPC's own.
        gate: lets callers in.
        memory: where answers count until they are sent.
        trusted: networks of proxies that are believed.
    """

    def __init__(self, context: Context, gate: Gate, memory: Admission, trusted: Networks) -> None:
        self._context, self._gate, self._memory = context, gate, memory
        self._metadata = {
            key: value
            for key, value in context.invocation_metadata() or ()
            if isinstance(value, str)
        }
        self.id = request_id(self._metadata.get("x-request-id", ""))
        self.peer = address(context.peer(), self._metadata.get("x-forwarded-for", ""), trusted)
        self._windows: Windows = []
        self._writing = asyncio.Lock()

    @property
    def key(self) -> str:
        """The API key, as it was sent."""
        scheme, _, token = self._metadata.get("authorization", "").partition(" ")
        return self._metadata.get("x-api-key") or (token if scheme.lower() == "bearer" else "")

    @property
    def idempotency_key(self) -> str:
        """The caller's for this call, as it was sent."""
        return self._metadata.get("idempotency-key", "")

    async def check_key(self) -> ApiKey:
        """Look at the key, and count nothing.

        Raises:
            InvalidKey, RateLimited, AccountsUnavailable: as `Gate.enter` does.
        """
        return await self._gate.check(self.key, self.peer)

    async def enter(self) -> Visit:
        """Let one image in; see `Gate.enter`."""
        windows: Windows = []
        self._windows = windows
        return await self._gate.enter(self.key, self.peer, windows)

    def time_left_s(self) -> float | None:
        """Seconds to the caller's deadline; None if it has none."""
        return self._context.time_remaining()

    async def read(self, decode: Callable[[bytes], Message]) -> Message | None:
        """The next message; None after the last one.

        Raises:
            BadRequest: it is none.
            ClientGone: the connection is.
        """
        data = await self._context.read()
        if data is aio.EOF:
            if self._context.done():
                raise ClientGone
            return None
        try:
            return decode(data)
        except DecodeError as error:
            raise BadRequest("The message cannot be read.") from error

    async def check_end(self) -> None:
        """After the last message: see whether the caller has sent all, or has gone.

        Both look alike, since gRPC may say a moment later that it has gone. But nothing can be sent
        to who has.

        Raises:
            ClientGone: it has.
        """
        try:
            await self._context.send_initial_metadata(())
        except aio.BaseError as error:
            raise ClientGone from error

    @asynccontextmanager
    async def reading(
        self, decode: Callable[[bytes], Message], stopping: asyncio.Event
    ) -> AsyncIterator[tuple[asyncio.Task[Message | None], asyncio.Task[bool]]]:
        """Two tasks inside the block: one reads, see `read`; one ends when the service stops."""
        tasks = asyncio.create_task(self.read(decode)), asyncio.create_task(stopping.wait())
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def write(self, message: bytes) -> None:
        """Send a message, and wait until the caller takes it.

        Raises:
            DeadlineExceeded: it does not.
            ClientGone: the connection is gone.
        """
        try:
            with self._memory.counted(len(message)):
                async with self._writing, asyncio.timeout(SEND_TIMEOUT_S):
                    await self._context.write(message)
        except TimeoutError as error:
            log.warning("a client did not take its answer within %g s", SEND_TIMEOUT_S)
            raise DeadlineExceeded(SEND_TIMEOUT_S) from error
        except aio.BaseError as error:
            raise ClientGone from error

    async def run(self, route: str, work: Callable[["Call"], Awaitable[None]]) -> None:
        """Do a call's work, and end the call with the status that says how it went."""
        with request(self.id, self._metadata):
            await self._run(route, work)

    async def _run(self, route: str, work: Callable[["Call"], Awaitable[None]]) -> None:
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            with REQUESTS_IN_FLIGHT.labels("grpc").track_inprogress():
                error = await self._outcome(work)
            code = error.grpc if error else code
            await self._end(error)
        except asyncio.CancelledError:
            code = ClientGone.grpc
            ERRORS.labels(ClientGone.slug).inc()
            raise
        finally:
            answered("grpc", route, code.name, time.perf_counter() - started, self.id)

    def foreseen(self, error: Exception) -> GatewayError:
        """An error as it is told; one that is a bug of ours is told in full to the log only."""
        if not isinstance(error, GatewayError):
            log.error("unforeseen error id=%s", self.id, exc_info=error)
            error = GatewayError()
        ERRORS.labels(error.slug).inc()
        return error

    async def _outcome(self, work: Callable[["Call"], Awaitable[None]]) -> GatewayError | None:
        try:
            await work(self)
        except Exception as error:
            return self.foreseen(error)
        return None

    async def _end(self, error: GatewayError | None) -> None:
        if isinstance(error, ClientGone):
            return  # to nobody
        windows = await rate_headers.headers(self._windows)
        said: status.Metadata = (
            ("x-request-id", self.id),
            *((name.lower(), value) for name, value in windows.items()),
        )
        if error is None:
            self._context.set_trailing_metadata(said)
        else:
            said += status.metadata(error, self.id)
            await self._context.abort(error.grpc, str(error), said)
