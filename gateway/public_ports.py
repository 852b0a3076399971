"""The public ports: bound at the start, served later, drained before they close."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from gateway.accounts.authenticator import Authenticator
from gateway.bulk.services import BulkServices
from gateway.models.model import Model
from gateway.network.ports import bind
from gateway.requests.handler import RequestHandler
from gateway.rest import app
from gateway.rest.listener import Listener as HttpListener
from gateway.rest.website import Website
from gateway.rpc.listener import Listener as GrpcListener
from gateway.settings import Settings


class Ports:
    """The public ports of the settings: bound at once, served later.

    Raises:
        PortTaken: one is in use.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._http = self._grpc = None
        if settings.http == "on":
            self._http = bind(settings.host, settings.http_port, "CLEARBG_HTTP_PORT")
        if settings.grpc == "on":
            self._grpc = GrpcListener(settings)

    @asynccontextmanager
    async def listening(
        self,
        handler: RequestHandler,
        authenticator: Authenticator,
        model: Model,
        bulk: BulkServices | None = None,
        pages: Website | None = None,
    ) -> AsyncIterator["Listening"]:
        """Serve inside the block; at its end, the requests in flight finish."""
        async with AsyncExitStack() as running:
            http = None
            if self._http:
                public = app.public(handler, authenticator, bulk, self._settings, pages)
                http = HttpListener(public, self._http, self._settings, tls=True)
                await running.enter_async_context(http.running())
            if self._grpc:
                await running.enter_async_context(
                    self._grpc.running(handler, authenticator, model, bulk)
                )
            yield Listening(http, self._grpc)


@dataclass(frozen=True)
class Listening:
    """The public listeners while they serve."""

    http: HttpListener | None
    grpc: GrpcListener | None

    async def drain(self) -> None:
        """Continue to serve, and ask clients to go elsewhere."""
        if self.http:
            self.http.drain()
        if self.grpc:
            await self.grpc.drain()

    def stop(self) -> None:
        """Accept no more HTTP connections; return at once. gRPC stops when the block ends."""
        if self.http:
            self.http.stop()
