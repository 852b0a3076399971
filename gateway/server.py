"""Wires everything together and runs it until SIGTERM. The only wiring there is."""

import asyncio
import logging
import shutil
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from sqlalchemy import Engine

from gateway import tls, tracing
from gateway.accounts import database
from gateway.accounts.gate import Gate
from gateway.accounts.keys import KeyStore
from gateway.accounts.rate_limits import RateLimits
from gateway.accounts.usage import Usage
from gateway.bulk import running as bulk
from gateway.bulk.intake import Intake
from gateway.metrics import BUILD, DISK_FREE, DISK_SIZE
from gateway.models import choose
from gateway.models.model import Model
from gateway.orders.work import Work
from gateway.outbound import Outbound
from gateway.ports import bind
from gateway.removal import Remover
from gateway.rest import app
from gateway.rest.listener import Listener as HttpListener
from gateway.rpc.listener import Listener as GrpcListener
from gateway.settings import Settings

log = logging.getLogger(__name__)


async def serve(settings: Settings, started: Callable[[Engine], None]) -> None:
    """Serve until SIGTERM or SIGINT, then let requests in flight finish.

    Args:
        settings: all of them, validated.
        started: called with the database once the model has answered and the public port listens.

    Raises:
        PortTaken, BadCertificate: before anything else was done.
        Unreachable, BadStore: there is no database or store of limits as asked for.
        ModelNotBuilt, ModelRefused: there is no model as asked for; the message says what to do.
    """
    tls.check(settings)
    ports = Ports(settings)
    stop = _on_signal()
    async with (
        _core(settings, stop) as core,
        gate(core.engine, settings) as entrance,
        outbound(settings) as fetcher,
        bulk.running(core.engine, core.remover, settings) as intake,
        ports.listening(
            Work(core.remover, fetcher, settings), entrance, core.model, intake
        ) as stopping,
    ):
        started(core.engine)
        await stop.wait()
        log.info("stopping: requests in flight finish first")
        intake.stop()
        stopping()


async def work(settings: Settings, started: Callable[[Engine], None]) -> None:
    """Do bulk jobs until SIGTERM or SIGINT, and nothing else; see `serve`."""
    stop = _on_signal()
    async with (
        _core(settings, stop) as core,
        bulk.running(core.engine, core.remover, settings),
    ):
        started(core.engine)
        await stop.wait()
        log.info("stopping: images in flight finish first")


@dataclass(frozen=True)
class Core:
    """What every process of the service has."""

    engine: Engine
    model: Model
    remover: Remover


@asynccontextmanager
async def _core(settings: Settings, stop: asyncio.Event) -> AsyncIterator[Core]:
    """The model and the database inside the block; operators see them from the beginning on."""
    operations_socket = bind(settings.host, settings.operations_port, "CLEARBG_OPERATIONS_PORT")
    engine = database.connect(settings.database)
    model: Model | None = None
    operations = app.operations(lambda: None if stop.is_set() else model)
    async with (
        tracing.exporting(settings.otlp_traces_url, settings.trace_ratio),
        HttpListener(operations, operations_socket, settings).running(),
        choose.model(settings) as chosen,
    ):
        model = chosen
        remover = Remover(model, settings)
        BUILD.info({"version": version("clearbg")})
        DISK_FREE.set_function(lambda: shutil.disk_usage(settings.data_dir).free)
        DISK_SIZE.set_function(lambda: shutil.disk_usage(settings.data_dir).total)
        try:
            yield Core(engine, model, remover)
        finally:
            remover.close()


class Ports:
    """The public ports that the settings ask for: bound at once, answered on later.

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
        self, work: Work, gate: Gate, model: Model, intake: Intake | None = None
    ) -> AsyncIterator[Callable[[], None]]:
        """Answer inside the block. What it gives lets all stop together."""
        async with AsyncExitStack() as running:
            http = None
            if self._http:
                public = app.public(work, gate, intake, self._settings)
                http = HttpListener(public, self._http, self._settings, tls=True)
                await running.enter_async_context(http.running())
            if self._grpc:
                await running.enter_async_context(self._grpc.running(work, gate, model, intake))
            yield http.stop if http else lambda: None


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


def _on_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
