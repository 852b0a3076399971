"""Wires everything together and runs it until SIGTERM. The only wiring there is."""

import asyncio
import logging
import signal
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from importlib.metadata import version

import uvicorn
from sqlalchemy import Engine
from starlette.types import ASGIApp

from gateway.accounts import database
from gateway.accounts.gate import Gate
from gateway.accounts.keys import KeyStore
from gateway.accounts.rate_limits import RateLimits
from gateway.accounts.usage import Usage
from gateway.metrics import BUILD
from gateway.models import choose
from gateway.models.model import Model
from gateway.outbound import Outbound
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
                proxy_headers=bool(settings.trusted_proxies),
                forwarded_allow_ips=settings.trusted_proxies,
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


async def serve(settings: Settings, started: Callable[[Engine], None]) -> None:
    """Serve until SIGTERM or SIGINT, then let requests in flight finish.

    Args:
        settings: all of them, validated.
        started: called with the database once the model has answered and the public port listens.

    Raises:
        PortTaken: before anything else was done.
        Unreachable, BadStore: there is no database or store of limits as asked for.
        ModelNotBuilt, ModelRefused: there is no model as asked for; the message says what to do.
    """
    operations_socket = bind(settings.host, settings.operations_port, "CLEARBG_OPERATIONS_PORT")
    public_socket = bind(settings.host, settings.http_port, "CLEARBG_HTTP_PORT")
    engine = database.connect(settings.database)
    stop = _on_signal()
    model: Model | None = None
    operations = app.operations(lambda: None if stop.is_set() else model)
    async with (
        gate(engine, settings) as entrance,
        outbound(settings) as fetcher,
        Listener(operations, operations_socket, settings).running(),
        choose.model(settings) as chosen,
    ):
        model = chosen
        remover = Remover(model, settings)
        public = app.public(remover, entrance, fetcher, settings)
        async with Listener(public, public_socket, settings).running():
            BUILD.info({"version": version("clearbg")})
            started(engine)
            await stop.wait()
            log.info("stopping: requests in flight finish first")
        remover.close()


@asynccontextmanager
async def gate(engine: Engine, settings: Settings) -> AsyncIterator[Gate]:
    """The gate that the settings ask for; what keys were used for is written down at the end."""
    keys = KeyStore(engine, cache_s=settings.key_cache_s)
    limits = RateLimits(settings.rate_limit_url, fail=settings.rate_limit_fail)
    usage = Usage(keys)
    gate = Gate(keys, limits, usage, settings)
    try:
        yield gate
    finally:
        gate.close()
        await usage.close()
        await limits.close()


@asynccontextmanager
async def outbound(settings: Settings) -> AsyncIterator[Outbound | None]:
    """What fetches `image_url`; None where that is off."""
    if settings.image_urls == "off":
        yield None
        return
    fetcher = Outbound(settings.outbound_networks, timeout_s=settings.image_url_timeout_s)
    async with fetcher.session():
        yield fetcher


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
