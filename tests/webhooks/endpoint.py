"""A webhook endpoint that records what it receives."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook

from tests.servers.web import answering


@dataclass
class Endpoint:
    """Answers with `statuses` in order, then with 200."""

    url: str = ""
    statuses: list[int] = field(default_factory=list)
    headers: dict[str, str] = field(default_factory=dict)
    """Sent with every answer."""
    received: list[tuple[dict[str, str], str]] = field(default_factory=list)

    async def handle(self, request: web.Request) -> web.Response:
        """Record a message, and answer."""
        self.received.append((dict(request.headers), await request.text()))
        status = self.statuses.pop(0) if self.statuses else 200
        return web.Response(status=status, headers=self.headers)

    @property
    def ids(self) -> list[str]:
        """IDs of the messages, in the order of arrival."""
        return [headers["webhook-id"] for headers, _ in self.received]

    def verified(self, secret: str, number: int = 0) -> dict[str, Any]:
        """Verify a message with the library that receivers use, and return it."""
        headers, body = self.received[number]
        message: dict[str, Any] = Webhook(secret).verify(body, headers)
        return message


@asynccontextmanager
async def listening() -> AsyncIterator[Endpoint]:
    """Run an endpoint on loopback inside the block."""
    endpoint = Endpoint()
    async with answering(endpoint.handle) as address:
        endpoint.url = f"http://{address}/hook"
        yield endpoint
