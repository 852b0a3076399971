"""A web site that uses the client: its own origin, with the built package and an empty page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Self

from tests.clients.typescript import CLIENT


class Handler(SimpleHTTPRequestHandler):
    """Serves the package's folder, without a log."""

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Pages:
    """Serves the package."""

    origin: str

    @classmethod
    @contextmanager
    def served(cls) -> Iterator[Self]:
        """Serve until the block ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(CLIENT)))
        Thread(target=server.serve_forever, daemon=True).start()
        yield cls(f"http://127.0.0.1:{server.server_port}")
        server.shutdown()
        server.server_close()
