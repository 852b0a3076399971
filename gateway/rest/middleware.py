"""The middleware around every request: request id, log line, metrics, trace."""

import asyncio
import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.accounts import rate_headers
from gateway.observability.access_log import record_request, request_context, request_id
from gateway.observability.metrics import REQUESTS_IN_FLIGHT

log = logging.getLogger(__name__)


class RequestMiddleware:
    """ASGI middleware; the application finds the id in `scope["request_id"]`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        id_ = request_id(headers.get("x-request-id", ""))
        scope["request_id"] = id_
        with REQUESTS_IN_FLIGHT.labels("http").track_inprogress(), request_context(id_, headers):
            await self._answer(scope, receive, send, id_)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, id_: str) -> None:
        started = time.perf_counter()
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = id_
                headers.update(
                    await rate_headers.headers(scope.get("state", {}).get("windows", []))
                )
            await send(message)

        try:
            await self.app(scope, receive, answer)
        except asyncio.CancelledError:
            status = 503  # the grace period of the shutdown has ended: the connection is closed
            raise
        except Exception:  # already answered as a problem; logged here in full, once
            log.exception("unexpected error id=%s", id_)
        finally:
            record_request("http", _route(scope), status, time.perf_counter() - started, id_)


def _route(scope: Scope) -> str:
    """Return e.g. `POST /v1/bulk`; "unmatched" for paths and methods that scanners invent."""
    route = scope.get("route")
    if scope["method"] not in (getattr(route, "methods", None) or ()):
        return "unmatched"
    return f"{scope['method']} {getattr(route, 'path', '')}"
