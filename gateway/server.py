"""Wires the processes together, and runs them until SIGTERM."""

import asyncio
import contextlib
import logging
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from importlib.metadata import version

from sqlalchemy import Engine

from gateway.accounts import database
from gateway.accounts.authenticator import Authenticator
from gateway.accounts.database import DatabaseUnreachable
from gateway.accounts.key_cache import KeyCache
from gateway.accounts.keys import KeyStore
from gateway.accounts.rate_limits import RateLimits
from gateway.accounts.usage import Usage
from gateway.accounts.usage_store import UsageStore
from gateway.bulk import runtime as bulk_runtime
from gateway.concurrency import helper_threads
from gateway.dashboard.app import website
from gateway.docs.app import with_docs
from gateway.errors import GatewayError
from gateway.masks import cache as mask_cache
from gateway.models.model import Model
from gateway.models.models import Models
from gateway.models.setup_error import ModelSetupError
from gateway.network import tls
from gateway.network.outbound import Outbound
from gateway.network.ports import PortTaken, bind
from gateway.network.tls import BadCertificate
from gateway.network.valkey import BadStoreUrl
from gateway.observability import tracing
from gateway.observability.metrics import BUILD, DISK_FREE, DISK_SIZE
from gateway.public_ports import Listening, Ports
from gateway.removal import Remover
from gateway.requests.handler import RequestHandler
from gateway.rest import health
from gateway.rest.listener import Listener as HttpListener
from gateway.settings import Settings
from gateway.shutdown import Shutdown
from serving.manifest import ModelNotBuilt

log = logging.getLogger(__name__)


FAILURES = (
    PortTaken,
    BadCertificate,
    DatabaseUnreachable,
    BadStoreUrl,
    ModelNotBuilt,
    ModelSetupError,
    GatewayError,  # the model's first inference failed
    ValueError,
)
"""Errors that end the start; their messages say what to do."""


async def serve(
    settings: Settings, starting: Awaitable[Models], started: Callable[[Engine], None]
) -> None:
    """Serve until SIGTERM or SIGINT, drain, then let requests in flight finish.

    Args:
        settings: validated.
        starting: returns the models once the default one can answer.
        started: called with the database once the model has answered and the public ports listen.

    Raises:
        PortTaken, BadCertificate: before anything is written.
        Unreachable, BadStore: the database, or the store of rate limits, cannot be used.
        ModelNotBuilt, ModelRefused: the model that the settings name cannot be used.
    """
    tls.check(settings)
    ports = Ports(settings)
    shutdown = Shutdown()
    async with (
        _core(settings, starting, shutdown.requested) as core,
        authentication(core.engine, settings) as authenticator,
        outbound(settings) as fetcher,
    ):
        handler = RequestHandler(core.remover, fetcher, settings)
        async with (
            bulk_runtime.running(core.engine, handler, settings) as bulk,
            ports.listening(
                handler,
                authenticator,
                core.model,
                bulk,
                with_docs(website(core.engine, handler, authenticator, bulk, settings), settings),
            ) as public,
        ):
            started(core.engine)
            await shutdown.requested.wait()
            await _drain(public, shutdown, settings.drain_s)
            log.info("shutting down: finishing the requests in flight")
            bulk.progress.stop()
            public.stop()


async def work(
    settings: Settings, starting: Awaitable[Models], started: Callable[[Engine], None]
) -> None:
    """Execute bulk jobs, and nothing else, until SIGTERM or SIGINT; see `serve`."""
    shutdown = Shutdown()
    async with (
        _core(settings, starting, shutdown.requested) as core,
        bulk_runtime.running(core.engine, RequestHandler(core.remover, None, settings), settings),
    ):
        started(core.engine)
        await shutdown.requested.wait()
        log.info("shutting down: finishing the images in flight")


async def _drain(public: Listening, shutdown: Shutdown, seconds: float) -> None:
    """Serve for a while although this process is not ready, until load balancers have noticed."""
    if seconds and not shutdown.at_once.is_set():
        log.info("draining: not ready any more, serving for %g s", seconds)
        await public.drain()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await shutdown.at_once.wait()


@dataclass(frozen=True)
class Core:
    """What every process of the service needs."""

    engine: Engine
    model: Model
    remover: Remover


@asynccontextmanager
async def _core(
    settings: Settings, starting: Awaitable[Models], stop: asyncio.Event
) -> AsyncIterator[Core]:
    """Start the model and connect to the database; health and metrics are served from the start."""
    asyncio.get_running_loop().set_default_executor(helper_threads())
    operations_socket = bind(settings.host, settings.operations_port, "CLEARBG_OPERATIONS_PORT")
    engine = database.connect(settings.database)
    model: Model | None = None
    operations = health.operations(lambda: None if stop.is_set() else model)
    async with (
        mask_cache.opened(settings) as masks,
        tracing.exporting(settings.otlp_traces_url, settings.trace_ratio),
        HttpListener(operations, operations_socket, settings).running(),
    ):
        models = await starting
        model = models.default.model
        remover = Remover(models, settings, masks)
        BUILD.info({"version": version("clearbg")})
        DISK_FREE.set_function(lambda: shutil.disk_usage(settings.data_dir).free)
        DISK_SIZE.set_function(lambda: shutil.disk_usage(settings.data_dir).total)
        try:
            yield Core(engine, model, remover)
        finally:
            remover.close()


@asynccontextmanager
async def authentication(engine: Engine, settings: Settings) -> AsyncIterator[Authenticator]:
    """Yield the authenticator of the settings; at the end of the block, write the usage."""
    keys = KeyStore(engine, cache=KeyCache(settings.key_cache_s, settings.key_outage_s))
    limits = RateLimits(settings.rate_limit_url, fail=settings.rate_limit_fail)
    usage = Usage(UsageStore(engine))
    authenticator = Authenticator(keys, limits, usage, settings)
    try:
        yield authenticator
    finally:
        authenticator.close()
        await usage.close()
        await limits.close()


@asynccontextmanager
async def outbound(settings: Settings) -> AsyncIterator[Outbound | None]:
    """What fetches `image_url`; None where that is off."""
    if settings.image_urls == "off":
        yield None
        return
    fetcher = Outbound(settings.allowed_image_url_networks, timeout_s=settings.image_url_timeout_s)
    async with fetcher.session():
        yield fetcher
