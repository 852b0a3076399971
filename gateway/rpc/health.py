"""grpc.health.v1: whether the service takes calls, asked once or watched.

The library's own servicer forgets its other watchers when one of them leaves (grpcio 1.81).
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable

import grpc
from grpc_health.v1 import health_pb2 as pb
from grpc_health.v1 import health_pb2_grpc

from gateway.rpc.call import Context

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0

SERVING, NOT_SERVING = pb.HealthCheckResponse.SERVING, pb.HealthCheckResponse.NOT_SERVING
UNKNOWN = pb.HealthCheckResponse.SERVICE_UNKNOWN


class Health(health_pb2_grpc.HealthServicer):
    """Asks the model once a second; once drained, it stays not serving.

    Args:
        ready: says whether the model answers.
        services: that share its state; the empty name is the whole server.
    """

    def __init__(self, ready: Callable[[], Awaitable[bool]], services: tuple[str, ...]) -> None:
        self._ready, self._services = ready, ("", *services)
        self._status: int = SERVING
        self._changed = asyncio.Condition()
        self._drained = False

    async def look(self) -> None:
        """Follow the model until cancelled."""
        while True:
            await self._set(SERVING if await self._is_ready() else NOT_SERVING)
            await asyncio.sleep(LOOK_EVERY_S)

    async def drain(self) -> None:
        """Tell everybody to go elsewhere; that ends their watching."""
        self._drained = True
        await self._set(NOT_SERVING)

    async def _is_ready(self) -> bool:
        try:
            return await self._ready()
        except Exception:
            log.exception("the model cannot be asked whether it is ready")
            return False

    async def Check(  # noqa: N802 # named by the proto
        self, request: pb.HealthCheckRequest, context: Context
    ) -> pb.HealthCheckResponse:
        """Answer once."""
        if request.service not in self._services:
            await context.abort(grpc.StatusCode.NOT_FOUND, "There is no such service.")
        return pb.HealthCheckResponse(status=self._status)

    async def Watch(  # noqa: N802
        self, request: pb.HealthCheckRequest, context: Context
    ) -> AsyncIterator[pb.HealthCheckResponse]:
        """Answer now, and again at each change."""
        known = request.service in self._services
        if not known:
            yield pb.HealthCheckResponse(status=UNKNOWN)
        said: int = UNKNOWN
        while True:
            async with self._changed:
                while not self._drained and (not known or self._status == said):
                    await self._changed.wait()
                said = self._status
            if known:
                yield pb.HealthCheckResponse(status=said)
            if self._drained:
                return

    async def _set(self, status: int) -> None:
        async with self._changed:
            self._status = status
            self._changed.notify_all()
