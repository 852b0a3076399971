"""The HTTP server: its port, its options, and how it stops."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

import uvicorn
from starlette.types import ASGIApp

from gateway.settings import Settings


class Listener(uvicorn.Server):
    """A uvicorn server on a socket that is already bound; signals are left to `serve`."""

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
        """Two listeners in one process must not fight over the handlers."""
        yield

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listen inside the block; then finish what is in flight."""
        task = asyncio.create_task(self.serve([self.bound]))
        try:
            yield
        finally:
            self.stop()
            await task

    def stop(self) -> None:
        """Take no more connections; nothing is waited for."""
        self.should_exit = True
