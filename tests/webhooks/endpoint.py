"""An endpoint of a caller: what it was sent, and what it answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from tests.servers.web import answering


@dataclass
class Endpoint:
    """Answers with `statuses`, one after the other; then 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Of its answers."""
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Take a message."""
        self.received.append((dict(request.headers), await request.text()))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers=self.headers)

    @property
    def ids(self) -> list[str]:
        """Of the messages, in their order."""
        return [headers["webhook-id"] for headers, _ in self.received]

    def verified(self, secret: str, number: int = 0) -> dict[str, Any]:
        """A message, by the library that receivers use."""
        headers, body = self.received[number]
        found: dict[str, Any] = Webhook(secret).verify(body, headers)
        return found


@asynccontextmanager
async def listening() -> AsyncIterator[Endpoint]:
    """An endpoint on loopback."""
    endpoint = Endpoint()
    async with answering(endpoint.handle) as address:
        endpoint.url = f"http://{address}/hook"
        yield endpoint
