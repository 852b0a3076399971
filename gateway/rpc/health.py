"""grpc.health.v1: whether the service takes calls, checked once or watched.

The library's own servicer drops its other watchers when one of them leaves (grpcio 1.81).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1 import health_pb2_grpc

from gateway.rpc.call import Context

log = logging.getLogger(__name__)

CHECK_EVERY_S = 1.0

SERVING, NOT_SERVING = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
UNKNOWN = pb.HealthCheckResponse.SERVICE_UNKNOWN


class Health(health_pb2_grpc.HealthServicer):
    """Follows the model's readiness; once drained, it stays NOT_SERVING.

    Args:
        ready: returns whether the model answers.
        services: names that share this status; the empty name is the whole server.
    """

    def __init__(self, ready: Callable[[], Awaitable[bool]], services: tuple[str, ...]) -> None:
        self._ready, self._services = ready, ("", *services)
        self._status: int = SERVING
        self._changed = asyncio.Condition()
        self._drained = False

    async def follow_model(self) -> None:
        """Check the model every `CHECK_EVERY_S` seconds, until cancelled."""
        while True:
            await self._set(SERVING if await self._is_ready() else NOT_SERVING)
            await asyncio.sleep(CHECK_EVERY_S)

    async def drain(self) -> None:
        """Report NOT_SERVING from now on, and end all watches."""
        self._drained = True
        await self._set(NOT_SERVING)

    async def _is_ready(self) -> bool:
        try:
            return await self._ready()
        except Exception:
            log.exception("the check of the model's readiness failed")
            return False

    async def Check(  # noqa: N802 # named by the proto
        self, request: pb.HealthCheckRequest, context: Context
    ) -> pb.HealthCheckResponse:
        """Return the status."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "There is no such service.")
        return pb.HealthCheckResponse(status=self._status)

    async def Watch(  # noqa: N802
        self, request: pb.HealthCheckRequest, context: Context
    ) -> AsyncIterator[pb.HealthCheckResponse]:
        """Yield the status now, and again at each change."""
        known = request.service in self._services
        if not known:
            yield pb.HealthCheckResponse(status=UNKNOWN)
        reported: int = UNKNOWN
        while True:
            async with self._changed:
                while not self._drained and (not known or self._status == reported):
                    await self._changed.wait()
                reported = self._status
            if known:
                yield pb.HealthCheckResponse(status=reported)
            if self._drained:
                return

    async def _set(self, status: int) -> None:
        async with self._changed:
            self._status = NOT_SERVING if self._drained else status
            self._changed.notify_all()
