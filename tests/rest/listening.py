"""The application around the fake model, on a real port, with an event loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from gateway import server
from gateway.accounts import database
from gateway.accounts.keys import Limits
from gateway.models.model import Model
from gateway.settings import Settings
from tests.rest.gateway import application, new_key


@dataclass
class Listening:
    """A running service."""

    url: str
    engine: Engine

    def new_key(self, limits: Limits | None = None) -> str:
        """The secret of a new key of the default account."""
        return new_key(self.engine, limits=limits)


@contextmanager
def listening(model: Model, settings: Settings) -> Iterator[Listening]:
    """Listen on a free port until the block ends."""
    engine = database.connect(settings.database)
    socket = server.bind("127.0.0.1", 0, "no setting")
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        async with (
            application(model, settings, engine) as (public, _),
            server.Listener(public, socket, settings).running(),
        ):
            ready.set()
            await stop.wait()

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
