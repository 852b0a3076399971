"""The application around the fake model, on a real port, with an event loop of its own."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Engine

from gateway.accounts import database
from gateway.accounts.keys import Limits
from gateway.models.model import Model
from gateway.ports import bind
from gateway.rest import app
from gateway.rest.listener import Listener
from gateway.settings import Settings
from tests.rest.gateway import core, new_key


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
    socket = bind("127.0.0.1", 0, "no setting")
    loop, stop, ready = asyncio.new_event_loop(), asyncio.Event(), threading.Event()

    async def serve() -> None:
        async with (
            core(model, settings, engine) as (work, gate),
            Listener(app.public(work, gate, None, settings), socket, settings).running(),
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
