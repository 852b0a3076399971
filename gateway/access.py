"""What every request gets, whatever the transport: an id, a log line, its metrics."""

import logging
import re
import uuid
from typing import Literal

from gateway.metrics import REQUEST_SECONDS, REQUESTS

Transport = Literal["http", "grpc"]

log = logging.getLogger(__name__)

CLIENT_ID = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)
"""A client's own id is kept when it is safe to log and to send back."""


def request_id(sent: str) -> str:
    """The id that the client sent, or a new one."""
    return sent if CLIENT_ID.fullmatch(sent) else uuid.uuid4().hex


def answered(transport: Transport, route: str, status: int | str, seconds: float, id_: str) -> None:
    """Write one request down.

    Args:
        transport: that it came by.
        route: its pattern, not the path: a scanner must not make a series per guess.
        status: of HTTP as a number, of gRPC by name.
        seconds: from its start to its end.
        id_: of the request.
    """
    REQUESTS.labels(transport, route, status).inc()
    REQUEST_SECONDS.labels(transport, route).observe(seconds)
    log.info("%s %s %s %.3fs id=%s", transport, route, status, seconds, id_)
