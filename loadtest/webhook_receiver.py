"""An endpoint for webhooks that rejects some of them."""

import json
import threading
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

REJECT_EVERY = 4


@dataclass
class WebhookReceiver:
    """What the endpoint has received."""

    url: str = ""
    received: int = 0
    """All messages, including the rejected ones."""
    accepted: int = 0
    jobs_by_id: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    """The jobs of the accepted messages, by webhook-id."""


@contextmanager
def receiving_webhooks() -> Iterator[WebhookReceiver]:
    """Listen on the loopback address until the block ends."""
    receiver = WebhookReceiver()
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            with lock:
                receiver.received += 1
                rejects = receiver.received % REJECT_EVERY == 0
                if not rejects:
                    receiver.accepted += 1
                    receiver.jobs_by_id[self.headers["webhook-id"]].add(body["data"]["job_id"])
            self.send_response(500 if rejects else 204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Log nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_port}/"
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
