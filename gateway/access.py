"""What every request gets, whatever the transport: an id, a log line, its metrics, its trace."""

import logging
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from opentelemetry.trace import SpanKind

from gateway import logs, tracing
from gateway.metrics import REQUEST_SECONDS, REQUESTS

Transport = Literal["http", "grpc"]

log = logging.getLogger(__name__)

CLIENT_ID = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)
"""A client's own id is kept when it is safe to log and to send back."""

OUR_FAULT = ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE")
"""gRPC's, as OpenTelemetry tells a server's failures from its callers'; of HTTP, 500 and more."""


def request_id(sent: str) -> str:
    """The id that the client sent, or a new one."""
    return sent if CLIENT_ID.fullmatch(sent) else uuid.uuid4().hex


@contextmanager
def request(id_: str, headers: Mapping[str, str]) -> Iterator[None]:
    """Inside the block, log lines and spans belong to one request.

    Args:
        id_: of it.
        headers: sent with it, by their names in lower case: a caller's trace goes on.
    """
    token = logs.REQUEST_ID.set(id_)
    try:
        with tracing.continued("request", headers, SpanKind.SERVER):
            yield
    finally:
        logs.REQUEST_ID.reset(token)


def answered(transport: Transport, route: str, status: int | str, seconds: float, id_: str) -> None:
    """Write one request down. Call it in the request's own block, at its end.

    Args:
        transport: that it came by.
        route: its pattern, not the path: a scanner must not make a series per guess.
        status: of HTTP as a number, of gRPC by name.
        seconds: from its start to its end.
        id_: of the request.
    """
    REQUESTS.labels(transport, route, status).inc()
    REQUEST_SECONDS.labels(transport, route).observe(seconds, tracing.exemplar())
    told = {"transport": transport, "route": route, "status": status}
    log.info(
        "%s %s %s %.3fs id=%s",
        transport,
        route,
        status,
        seconds,
        id_,
        extra=told | {"seconds": round(seconds, 6)},
    )
    _trace(transport, route, status, id_)


def _trace(transport: Transport, route: str, status: int | str, id_: str) -> None:
    """By OpenTelemetry's semantic conventions."""
    if transport == "grpc":
        route = route.removeprefix("/")
        said = {"rpc.system.name": "grpc", "rpc.method": route, "rpc.response.status_code": status}
        is_failure = status in OUR_FAULT
    else:
        method, _, path = route.rpartition(" ")
        said = {
            "http.request.method": method or "_OTHER",
            "http.route": path,
            "http.response.status_code": status,
        }
        is_failure = int(status) >= 500
    tracing.note(said | {"clearbg.request_id": id_}, route)
    if is_failure:
        tracing.failed(str(status))
