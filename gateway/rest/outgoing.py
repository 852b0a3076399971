"""Answers of megabytes: they count as memory until the client has taken the last byte."""

import asyncio
import logging

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.admission import Admission
from gateway.orders.work import SEND_TIMEOUT_S

log = logging.getLogger(__name__)

CHUNK_BYTES = 2**18


class Outgoing(Response):
    """Sends its body in chunks, so that the server's own buffer stays small."""

    def __init__(
        self, body: bytes, memory: Admission, *, media_type: str, headers: dict[str, str]
    ) -> None:
        self._memory = memory
        super().__init__(body, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, or leave the answer unfinished: then the connection is closed."""
        body = memoryview(self.body)
        try:
            with self._memory.counted(len(body)):
                async with asyncio.timeout(SEND_TIMEOUT_S):
                    start = {"status": self.status_code, "headers": self.raw_headers}
                    await send({"type": "http.response.start", **start})
                    for at in range(0, len(body), CHUNK_BYTES):
                        after = at + CHUNK_BYTES
                        chunk, more = bytes(body[at:after]), after < len(body)
                        await send({"type": "http.response.body", "body": chunk, "more_body": more})
        except TimeoutError:
            log.warning("a client did not take its answer within %g s", SEND_TIMEOUT_S)


class OutgoingStream(StreamingResponse):
    """Sends pieces as they come; a client that does not take one is cut off."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything, or leave the answer unfinished: then the connection is closed."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.warning("a client did not take a piece of its answer within %g s", SEND_TIMEOUT_S)
