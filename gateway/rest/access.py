"""One middleware around every request: its id, its log line, its metrics."""

import asyncio
import logging
import re
import time
import uuid

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.metrics import REQUEST_SECONDS, REQUESTS
from gateway.rest import rate_headers

log = logging.getLogger(__name__)

CLIENT_ID = re.compile(r"[\w.:+/=-]{1,128}")
"""A client's own X-Request-Id is kept when it is safe to log and to send back."""


class Access:
    """ASGI middleware; the innermost application finds the id in `scope["request_id"]`."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        sent = Headers(scope=scope).get("x-request-id", "")
        request_id = sent if CLIENT_ID.fullmatch(sent) else uuid.uuid4().hex
        scope["request_id"] = request_id
        status = 500

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["X-Request-Id"] = request_id
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
            log.exception("unforeseen error id=%s", request_id)
        finally:
            seconds = time.perf_counter() - started
            # The route's pattern, not the path: a scanner must not make a series per guess.
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(route, status).inc()
            REQUEST_SECONDS.labels(route).observe(seconds)
            log.info("%s %s %s %.3fs id=%s", scope["method"], route, status, seconds, request_id)
