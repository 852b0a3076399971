"""Both APIs around the fake model, on real ports, with an event loop of their own."""

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Engine

from gateway.accounts import database
from gateway.accounts.api_key import Limits
from gateway.bulk import runtime
from gateway.dashboard.app import website
from gateway.docs.app import with_docs
from gateway.models.model import Model
from gateway.public_ports import Ports
from gateway.settings import Settings
from loadtest.ports import free_port
from tests.conftest import ENGINE
from tests.rest.gateway import core, new_key


@dataclass
class Listening:
    """A running service."""

    http_port: int
    grpc_port: int
    engine: Engine
    loop: asyncio.AbstractEventLoop = field(default_factory=asyncio.new_event_loop)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Of HTTP."""
        return self.urls["http"]

    @property
    def urls(self) -> dict[str, str]:
        """By scheme."""
        ports = {"http": self.http_port, "grpc": self.grpc_port}
        return {scheme: f"{scheme}://127.0.0.1:{port}" for scheme, port in ports.items()}

    def new_key(self, limits: Limits | None = None) -> str:
        """The secret of a new key of the default account."""
        return new_key(self.engine, limits=limits)

    def stop(self) -> None:
        """As on SIGTERM; a second time it does nothing."""
        assert self.thread
        if self.thread.is_alive():
            self.loop.call_soon_threadsafe(self.stopping.set)
            self.thread.join()


@contextmanager
def listening(model: Model, settings: Settings, *, jobs: bool = False) -> Iterator[Listening]:
    """Listen until the block ends, on free ports unless the settings name others.

    Args:
        model: behind both.
        settings: of the service.
        jobs: take bulk jobs too.
    """
    chosen = _on_free_ports(settings)
    engine = database.connect(chosen.database)
    service = Listening(chosen.http_port, chosen.grpc_port, engine)
    ready = threading.Event()

    async def serve() -> None:
        ports = Ports(chosen)
        async with AsyncExitStack() as stack:
            work, authenticator = await stack.enter_async_context(core(model, chosen, engine))
            bulk = None
            if jobs:
                sys.audit(ENGINE)
                bulk = await stack.enter_async_context(runtime.running(engine, work, chosen))
            pages = with_docs(website(engine, work, authenticator, bulk, chosen), chosen)
            public = await stack.enter_async_context(
                ports.listening(work, authenticator, model, bulk, pages)
            )
            ready.set()
            await service.stopping.wait()
            if bulk:
                bulk.progress.stop()
            public.stop()

    def run() -> None:
        # Unlike the loop alone, it cancels what is left, such as jobs: else they would fail a later
        # test, when they are collected.
        with asyncio.Runner(loop_factory=lambda: service.loop) as runner:
            runner.run(serve())

    service.thread = threading.Thread(target=run)
    service.thread.start()
    try:
        assert ready.wait(60)
        yield service
    finally:
        service.stop()
        engine.dispose()


def _on_free_ports(settings: Settings) -> Settings:
    usual = Settings()
    names = ("http_port", "grpc_port")
    unset = [name for name in names if getattr(settings, name) == getattr(usual, name)]
    return settings.model_copy(update={name: free_port() for name in unset})
