"""The HTTP server: its port, its options, and its shutdown."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from gateway.rest.connection import KEEP_ALIVE_S, Connection
from gateway.settings import Settings

CLOSE = (b"connection", b"close")


class Listener(uvicorn.Server):
    """A uvicorn server on a socket that is already bound; `server.serve` handles signals."""

    def __init__(
        self,
        application: ASGIApp,
        bound: socket.socket,
        settings: Settings,
        *,
        tls: bool = False,
    ) -> None:
        self.bound = bound
        super().__init__(
            uvicorn.Config(
                application,
                http=Connection,
                timeout_keep_alive=KEEP_ALIVE_S,
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies,
                timeout_graceful_shutdown=round(settings.shutdown_timeout_s),
                ssl_certfile=(tls and settings.tls_cert) or None,
                ssl_keyfile=(tls and settings.tls_key) or None,
            )
        )

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install no handlers: two listeners in one process would overwrite each other's."""
        yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve inside the block; then finish the requests in flight."""
        task = asyncio.create_task(self.serve([self.bound]))
        try:
            yield
        finally:
            self.stop()
            await task

    def drain(self) -> None:
        """Continue to serve, and close each connection after its next answer, which says so.

        A connection without a request closes when it has been idle for `KEEP_ALIVE_S`.
        """
        self.config.encoded_headers.append(CLOSE)  # of which uvicorn makes these once a second:
        self.server_state.default_headers = [*self.server_state.default_headers, CLOSE]
        for connection in self.server_state.connections:
            if isinstance(connection, Connection):
                connection.close_after_answer()

    def stop(self) -> None:
        """Accept no more connections; return at once."""
        self.should_exit = True
