"""Large answers: they count as memory in flight until the client has received them."""

import asyncio
import logging

from fastapi import Response
from fastapi.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from gateway.limits.admission import Admission
from gateway.limits.send_timeout import SEND_TIMEOUT_S

log = logging.getLogger(__name__)

CHUNK_BYTES = 2**18


class StreamedResponse(Response):
    """Sends its body in chunks, which keeps the server's own buffer small."""

    def __init__(
        self, body: bytes, memory: Admission, *, media_type: str, headers: dict[str, str]
    ) -> None:
        self._memory = memory
        super().__init__(body, media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything; if the client is too slow, stop, and the connection is closed."""
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
            log.warning("a client did not receive its answer within %g s", SEND_TIMEOUT_S)


class OutgoingStream(StreamingResponse):
    """Sends chunks as they are produced; a client that is too slow is disconnected."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send everything; if the client is too slow, stop, and the connection is closed."""

        async def send_in_time(message: Message) -> None:
            async with asyncio.timeout(SEND_TIMEOUT_S):
                await send(message)

        try:
            await super().__call__(scope, receive, send_in_time)
        except TimeoutError:
            log.warning("a client did not receive a chunk within %g s", SEND_TIMEOUT_S)
