"""A relay in front of a service, which can lose an answer: what a broken connection looks like."""

import asyncio
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from loadtest.ports import free_port

PIECE_BYTES = 2**16


@dataclass
class Relay:
    """A running relay."""

    url: str
    lose: int = 0
    """How many of the next answers to an upload never arrive; the service has sent them."""
    keys: list[str] = field(default_factory=list)
    """Idempotency-Key of each upload."""
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def connect(
        self, port: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Relay one connection."""
        task = asyncio.current_task()
        assert task
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        theirs, ours = await asyncio.open_connection("127.0.0.1", port)
        sending = asyncio.create_task(self._send(reader, ours))
        try:
            while piece := await theirs.read(PIECE_BYTES):
                if self.lose and piece.startswith(b"HTTP/1.1 202"):
                    self.lose -= 1
                    break
                writer.write(piece)
                await writer.drain()
        finally:
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
            writer.close()
            ours.close()

    async def close(self) -> None:
        """Break all connections."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _send(self, reader: asyncio.StreamReader, ours: asyncio.StreamWriter) -> None:
        while piece := await reader.read(PIECE_BYTES):
            if found := re.search(rb"idempotency-key: (\S+)", piece, re.I):
                self.keys.append(found[1].decode())
            ours.write(piece)
            await ours.drain()


@contextmanager
def relaying(to_port: int) -> Iterator[Relay]:
    """Relay until the block ends, with an event loop of its own."""
    port = free_port()
    relay = Relay(f"http://127.0.0.1:{port}")
    loop, ready, stopping = asyncio.new_event_loop(), threading.Event(), asyncio.Event()

    async def serve() -> None:
        server = await asyncio.start_server(
            lambda reader, writer: relay.connect(to_port, reader, writer), "127.0.0.1", port
        )
        async with server:
            ready.set()
            await stopping.wait()
        await relay.close()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    assert ready.wait(10)
    try:
        yield relay
    finally:
        loop.call_soon_threadsafe(stopping.set)
        thread.join()
        loop.close()
