"""Wires everything together and runs it until SIGTERM. The only wiring there is."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

import uvicorn
from starlette.types import ASGIApp

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from gateway.metrics import BUILD
from gateway.models import choose
from gateway.models.model import Model
from gateway.removal import Remover
from gateway.rest import app
from gateway.settings import Settings

log = logging.getLogger(__name__)


class PortTaken(Exception):
    """A listener's port is in use. The message says which setting to change."""


class Listener(uvicorn.Server):
    """A uvicorn server on a socket that is already bound; signals are left to `serve`."""

    def __init__(self, application: ASGIApp, bound: socket.socket, settings: Settings) -> None:
        self.bound = bound
        super().__init__(
            uvicorn.Config(
                application,
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=round(settings.shutdown_timeout_s),
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
            self.should_exit = True
            await task


async def serve(settings: Settings, started: Callable[[KeyStore], None]) -> None:
    """Serve until SIGTERM or SIGINT, then let requests in flight finish.

    Args:
        settings: all of them, validated.
        started: called once the model has answered and the public port listens.

    Raises:
        PortTaken: before anything else was done.
        ModelNotBuilt, ModelRefused: there is no model as asked for; the message says what to do.
    """
    operations_socket = bind(settings.host, settings.operations_port, "CLEARBG_OPERATIONS_PORT")
    public_socket = bind(settings.host, settings.http_port, "CLEARBG_HTTP_PORT")
    keys = KeyStore(database.connect(settings.database), cache_s=settings.key_cache_s)
    stop = _on_signal()
    model: Model | None = None
    operations = app.operations(lambda: None if stop.is_set() else model)
    async with Listener(operations, operations_socket, settings).running():
        async with choose.model(settings) as model:
            remover = Remover(model, settings)
            public = app.public(remover, keys, settings)
            async with Listener(public, public_socket, settings).running():
                BUILD.info({"version": version("clearbg")})
                started(keys)
                await stop.wait()
                log.info("stopping: requests in flight finish first")
            remover.close()


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Bind a port before anything slow is done, so that a taken one is told at once.

    Raises:
        PortTaken: naming the setting that changes it.
    """
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror as error:
        raise PortTaken(f"{host} is no address of this machine. Set CLEARBG_HOST.") from error
    except OSError as error:
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({error.strerror}). Set {setting}."
        ) from error


def _on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
