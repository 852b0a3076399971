"""One gRPC call: its caller, its messages, and its end."""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import grpc
from google.protobuf.message import DecodeError
from grpc import aio

from gateway.accounts import rate_headers
from gateway.accounts.api_key import ApiKey
from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller, Windows
from gateway.errors import BadRequest, ClientGone, DeadlineExceeded, GatewayError
from gateway.limits.admission import Admission
from gateway.limits.send_timeout import SEND_TIMEOUT_S
from gateway.observability.access_log import record_request, request_context, request_id
from gateway.observability.metrics import ERRORS, REQUESTS_IN_FLIGHT
from gateway.rpc import status
from gateway.rpc.peer import address
from gateway.settings import Networks

log = logging.getLogger(__name__)

Context = aio.ServicerContext[Any, Any]
Message = TypeVar("Message")


class Call:
    """A call, as the service uses it.

    Args:
        context: gRPC's own.
        authenticator: checks API keys.
        memory: counts answers until they are sent.
        trusted: networks of proxies whose `X-Forwarded-For` is trusted.
    """

    def __init__(
        self, context: Context, authenticator: Authenticator, memory: Admission, trusted: Networks
    ) -> None:
        self._context, self._authenticator, self._memory = context, authenticator, memory
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
        """The API key as sent; may be empty."""
        scheme, _, token = self._metadata.get("authorization", "").partition(" ")
        return self._metadata.get("x-api-key") or (token if scheme.lower() == "bearer" else "")

    @property
    def idempotency_key(self) -> str:
        """The idempotency key as sent; may be empty."""
        return self._metadata.get("idempotency-key", "")

    async def check_key(self) -> ApiKey:
        """Check the key, without counting a request.

        Raises:
            InvalidKey, RateLimited, AccountsUnavailable: as in `Authenticator.request`.
        """
        return await self._authenticator.check(self.key, self.peer)

    @asynccontextmanager
    async def request(self) -> AsyncIterator[Caller]:
        """Authenticate one image's request, or another call's; see `Authenticator.request`."""
        windows: Windows = []
        self._windows = windows
        async with self._authenticator.request(self.key, self.peer, windows) as caller:
            yield caller

    def time_left_s(self) -> float | None:
        """Seconds to the caller's deadline; None if it has none."""
        return self._context.time_remaining()

    async def read(self, decode: Callable[[bytes], Message]) -> Message | None:
        """Return the next message; None after the last one.

        Raises:
            BadRequest: it cannot be decoded.
            ClientGone: the client disconnected.
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
        """After the last message: tell a complete upload from a disconnected client.

        Both end the messages, and gRPC may report the disconnection only later. But nothing can be
        sent to a client that has disconnected.

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
        """Run two tasks inside the block: one reads a message, one waits for the shutdown."""
        tasks = asyncio.create_task(self.read(decode)), asyncio.create_task(stopping.wait())
        try:
            yield tasks
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def write(self, message: bytes) -> None:
        """Send a message, and wait until the client has received it.

        Raises:
            DeadlineExceeded: the client is too slow.
            ClientGone: the client disconnected.
        """
        try:
            with self._memory.counted(len(message)):
                async with self._writing, asyncio.timeout(SEND_TIMEOUT_S):
                    await self._context.write(message)
        except TimeoutError as error:
            log.warning("a client did not receive its answer within %g s", SEND_TIMEOUT_S)
            raise DeadlineExceeded(SEND_TIMEOUT_S) from error
        except aio.BaseError as error:
            raise ClientGone from error

    async def run(self, route: str, serve: Callable[["Call"], Awaitable[None]]) -> None:
        """Serve the call, and end it with the status of its outcome."""
        with request_context(self.id, self._metadata):
            await self._run(route, serve)

    async def _run(self, route: str, serve: Callable[["Call"], Awaitable[None]]) -> None:
        started = time.perf_counter()
        code = grpc.StatusCode.OK
        try:
            with REQUESTS_IN_FLIGHT.labels("grpc").track_inprogress():
                error = await self._outcome(serve)
            code = error.grpc if error else code
            await self._end(error)
        except asyncio.CancelledError:
            code = ClientGone.grpc
            ERRORS.labels(ClientGone.slug).inc()
            raise
        finally:
            record_request("grpc", route, code.name, time.perf_counter() - started, self.id)

    def reported(self, error: Exception) -> GatewayError:
        """Count an error and return the one to answer; bugs of ours are only logged in full."""
        if not isinstance(error, GatewayError):
            log.error("unexpected error id=%s", self.id, exc_info=error)
            error = GatewayError()
        ERRORS.labels(error.slug).inc()
        return error

    async def _outcome(self, serve: Callable[["Call"], Awaitable[None]]) -> GatewayError | None:
        try:
            await serve(self)
        except Exception as error:
            return self.reported(error)
        return None

    async def _end(self, error: GatewayError | None) -> None:
        if isinstance(error, ClientGone):
            return  # nothing can be sent
        windows = await rate_headers.headers(self._windows)
        trailing: status.Metadata = (
            ("x-request-id", self.id),
            *((name.lower(), value) for name, value in windows.items()),
        )
        if error is None:
            self._context.set_trailing_metadata(trailing)
        else:
            trailing += status.metadata(error, self.id)
            await self._context.abort(error.grpc, str(error), trailing)
