"""The gRPC server: its port, its options, and its shutdown."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import grpc
from grpc import aio
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gateway.accounts.authenticator import Authenticator
from gateway.bulk.services import BulkServices
from gateway.models.model import Model
from gateway.network.ports import PortTaken
from gateway.requests.handler import RequestHandler
from gateway.rpc.health import Health
from gateway.rpc.service import NAME, Service, max_message_bytes
from gateway.settings import Settings

HEALTH = health_pb2.DESCRIPTOR.services_by_name["Health"].full_name

ARRIVAL_S = 5.0
"""Seconds for messages that have begun to arrive when the service stops. No further call is taken
then, and a call without a message must not delay the end."""
CUT_MARGIN_S = 10.0
"""Seconds for an answer to leave, before the connection of a stream that has grown old is cut."""


class Listener:
    """A server whose port is bound at once, and served later.

    Build it inside the event loop that will use it.

    Args:
        settings: host, port, limits, TLS.

    Raises:
        PortTaken: the port is in use.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._health: Health | None = None
        self._server = aio.server(options=_options(settings))
        host = f"[{settings.host}]" if ":" in settings.host else settings.host
        try:
            self.port = self._bind(f"{host}:{settings.grpc_port}")
        except RuntimeError as error:
            raise PortTaken(
                f"Cannot listen on {host}:{settings.grpc_port}. Set CLEARBG_GRPC_PORT."
            ) from error

    @asynccontextmanager
    async def running(
        self,
        handler: RequestHandler,
        authenticator: Authenticator,
        model: Model,
        bulk: BulkServices | None = None,
    ) -> AsyncIterator[None]:
        """Serve inside the block; then finish the calls in flight."""
        service = Service(handler, authenticator, bulk, self._settings)
        self._health = health = Health(model.ready, (NAME,))
        self._server.add_generic_rpc_handlers((service.handlers(),))
        health_pb2_grpc.add_HealthServicer_to_server(health, self._server)
        reflection.enable_server_reflection((NAME, HEALTH, reflection.SERVICE_NAME), self._server)
        following = asyncio.create_task(health.follow_model())
        await self._server.start()
        try:
            yield
        finally:
            following.cancel()
            await health.drain()
            await self._stop(service)

    async def drain(self) -> None:
        """Continue to serve, and report NOT_SERVING to those who ask or watch."""
        if self._health:
            await self._health.drain()

    async def _stop(self, service: Service) -> None:
        """Send GOAWAY on all connections, so that further calls go elsewhere; end those in flight.

        Streams end first: by then their clients know that they need another connection.
        """
        stopped = asyncio.create_task(self._server.stop(self._settings.shutdown_timeout_s))
        await asyncio.sleep(0)
        service.end_streams()
        await asyncio.wait([stopped], timeout=ARRIVAL_S)
        service.end_reading()
        await stopped

    def _bind(self, address: str) -> int:
        if not self._settings.tls_cert:
            return self._server.add_insecure_port(address)
        key, cert = (
            Path(path).read_bytes() for path in (self._settings.tls_key, self._settings.tls_cert)
        )
        return self._server.add_secure_port(address, grpc.ssl_server_credentials([(key, cert)]))


def _options(settings: Settings) -> list[tuple[str, int]]:
    return [
        *_connection_age(settings),
        ("grpc.max_receive_message_length", max_message_bytes(settings)),
        ("grpc.max_send_message_length", -1),
        ("grpc.so_reuseport", 0),  # or a second server could share the port unnoticed
        # A dead connection is detected within a minute and a half.
        ("grpc.keepalive_time_ms", 60_000),
        ("grpc.keepalive_timeout_ms", 20_000),
        ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.max_concurrent_streams", 1024),
        ("grpc.http2.max_frame_size", 2**20),  # fewer frames than with the default of 16 KiB
    ]


def _connection_age(settings: Settings) -> list[tuple[str, int]]:
    """Return when a connection gets GOAWAY, and when its last calls are cut: no orderly one is."""
    if not settings.grpc_connection_age_s:
        return []
    grace_s = settings.grpc_connection_grace_s + settings.request_timeout_s + CUT_MARGIN_S
    return [
        ("grpc.max_connection_age_ms", round(1000 * settings.grpc_connection_age_s)),
        ("grpc.max_connection_age_grace_ms", round(1000 * grace_s)),
    ]
