"""The application around the fake model, on a real port, with an event loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import Engine

from gateway import server
from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore, Limits
from gateway.models.model import Model
from gateway.removal import Remover
from gateway.rest import app
from gateway.settings import Settings


@dataclass
class Listening:
    """A running service."""

    url: str
    engine: Engine

    def new_key(self, limits: Limits | None = None, lives: timedelta | None = None) -> str:
        """The secret of a new key of the default account."""
        account = AccountStore(self.engine).find(DEFAULT)
        return KeyStore(self.engine).create("tests", account.id, limits=limits, lives=lives)[1]


@contextmanager
def listening(model: Model, settings: Settings) -> Iterator[Listening]:
    """Listen on a free port until the block ends."""
    engine = database.connect(settings.database)
    socket = server.bind("127.0.0.1", 0, "no setting")
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        async with server.gate(engine, settings) as gate, server.outbound(settings) as outbound:
            remover = Remover(model, settings)
            public = app.public(remover, gate, outbound, settings)
            async with server.Listener(public, socket, settings).running():
                ready.set()
                await stop.wait()
            remover.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert ready.wait(10)
        yield Listening(f"http://127.0.0.1:{socket.getsockname()[1]}", engine)
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join()
        loop.close()
        engine.dispose()
