"""A browser without scripts: cookies, redirects that can be looked at, and forms with tokens."""

import re
from typing import Any

import httpx

HTML = {"Accept": "text/html,application/xhtml+xml"}
TOKEN = re.compile(r'name="csrf[_-]token" (?:content|value)="(\w+)"')


class Browser:
    """Opens pages and sends forms over one client, which keeps the cookies."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self.client = client

    async def open(self, path: str, **options: Any) -> httpx.Response:
        """Open a page; redirects are returned, not followed."""
        return await self.client.get(path, headers=HTML, **options)

    async def token(self) -> str:
        """The token of this browser's forms."""
        found = TOKEN.search((await self.open("/sign-in", follow_redirects=True)).text)
        assert found
        return found[1]

    async def send(self, path: str, page: str = "", **fields: str) -> httpx.Response:
        """Send a form of a page, by default the one at the form's own path."""
        token = TOKEN.search((await self.open(page or path)).text)
        return await self.post(path, {"csrf_token": token[1] if token else "", **fields})

    async def post(self, path: str, fields: dict[str, str]) -> httpx.Response:
        """Send a form as it is."""
        return await self.client.post(path, data=fields, headers=HTML)
