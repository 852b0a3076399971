"""One middleware around every request: its id, its log line, its metrics, its trace."""

import asyncio
import logging
import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.access import answered, request, request_id
from gateway.accounts import rate_headers
from gateway.metrics import REQUESTS_IN_FLIGHT

log = logging.getLogger(__name__)


class Access:
    """ASGI middleware; the innermost application finds the id in `scope["request_id"]`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        id_ = request_id(headers.get("x-request-id", ""))
        scope["request_id"] = id_
        with REQUESTS_IN_FLIGHT.labels("http").track_inprogress(), request(id_, headers):
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
            status = 503  # stopping, and its time is over: the connection closes unanswered
            raise
        except Exception:  # answered as a problem already; here it is told in full, once
            log.exception("unforeseen error id=%s", id_)
        finally:
            answered("http", _route(scope), status, time.perf_counter() - started, id_)


def _route(scope: Scope) -> str:
    """Such as `POST /v1/bulk`: neither a path nor a method that a scanner made up."""
    route = scope.get("route")
    if scope["method"] not in (getattr(route, "methods", None) or ()):
        return "unmatched"
    return f"{scope['method']} {getattr(route, 'path', '')}"
