"""The id, log line, metrics and trace of each request, for every transport."""

import logging
import re
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Literal

from opentelemetry.trace import SpanKind

from gateway.observability import logs, tracing
from gateway.observability.metrics import REQUEST_SECONDS, REQUESTS

Transport = Literal["http", "grpc"]

log = logging.getLogger(__name__)

CLIENT_ID = re.compile(r"[\w.:+/=-]{1,128}", re.ASCII)
"""A client's own request id is used if it matches: then it is safe to log and to send back."""

SERVER_FAILURES = ("UNKNOWN", "DEADLINE_EXCEEDED", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE")
"""The gRPC statuses that OpenTelemetry counts as failures of a server. In HTTP: 500 and above."""


def request_id(sent: str) -> str:
    """Return the id that the client sent if it is valid, else a new one."""
    return sent if CLIENT_ID.fullmatch(sent) else uuid.uuid4().hex


@contextmanager
def request_context(id_: str, headers: Mapping[str, str]) -> Iterator[None]:
    """Attribute log lines and spans inside the block to one request.

    Args:
        id_: of the request.
        headers: of the request, names in lower case; a `traceparent` continues the caller's trace.
    """
    token = logs.REQUEST_ID.set(id_)
    try:
        with tracing.continue_trace("request", headers, SpanKind.SERVER):
            yield
    finally:
        logs.REQUEST_ID.reset(token)


def record_request(
    transport: Transport, route: str, status: int | str, seconds: float, id_: str
) -> None:
    """Log a finished request and add it to metrics and trace. Call it inside `request_context`.

    Args:
        transport: of the request.
        route: the route's pattern. With the path, a scanner would create a series for each guess.
        status: the HTTP status as a number, or the gRPC status by name.
        seconds: duration of the request.
        id_: of the request.
    """
    REQUESTS.labels(transport, route, status).inc()
    REQUEST_SECONDS.labels(transport, route).observe(seconds, tracing.exemplar())
    fields = {"transport": transport, "route": route, "status": status}
    log.info(
        "%s %s %s %.3fs id=%s",
        transport,
        route,
        status,
        seconds,
        id_,
        extra=fields | {"seconds": round(seconds, 6)},
    )
    _add_to_trace(transport, route, status, id_)


def _add_to_trace(transport: Transport, route: str, status: int | str, id_: str) -> None:
    """Set the span's name and attributes by OpenTelemetry's semantic conventions."""
    if transport == "grpc":
        route = route.removeprefix("/")
        attributes: dict[str, str | int] = {
            "rpc.system.name": "grpc",
            "rpc.method": route,
            "rpc.response.status_code": status,
        }
        is_failure = status in SERVER_FAILURES
    else:
        method, _, path = route.rpartition(" ")
        attributes = {
            "http.request.method": method or "_OTHER",
            "http.route": path,
            "http.response.status_code": status,
        }
        is_failure = int(status) >= 500
    tracing.set_attributes(attributes | {"clearbg.request_id": id_}, route)
    if is_failure:
        tracing.mark_failed(str(status))
