"""An endpoint for webhooks, which fails now and then."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

FAILS_EVERY = 4


@dataclass
class Hook:
    """What came of it."""

    url: str = ""
    seen: int = 0
    taken: int = 0
    jobs_by_id: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The jobs that were told of under each webhook-id; of those messages that were taken."""


@contextmanager
def hook() -> Iterator[Hook]:
    """Listen on loopback until the block ends."""
    made = Hook()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                made.seen += 1
                fails = made.seen % FAILS_EVERY == 0
                if not fails:
                    made.taken += 1
                    made.jobs_by_id[self.headers["webhook-id"]].add(body["data"]["job_id"])
            self.send_response(500 if fails else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
