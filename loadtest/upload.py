"""One upload to /v1/removebg by a bare socket: cheap for the client, and with exact times."""

import asyncio
import re
import time
from dataclasses import dataclass
from urllib.parse import urlsplit

from urllib3.filepost import encode_multipart_formdata

RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
TIMEOUT_S = 60.0
"""A service that takes longer has lost the request."""


@dataclass(frozen=True)
class Answer:
    """What came of one upload; times are those of `time.perf_counter`."""

    due: float
    """When it was to start, whatever came before it."""
    sent: float
    """When its last byte was written."""
    ended: float
    """When the answer's last byte was there."""
    status: int
    """Of HTTP; 0 when there was no answer."""
    retry_after_s: float | None
    """What `Retry-After` says; None without."""

    @property
    def latency_s(self) -> float:
        """What the caller waited, a late start included."""
        return self.ended - self.due

    @property
    def after_upload_s(self) -> float:
        """What the service took once it had everything."""
        return self.ended - self.sent


class Upload:
    """An image that is sent again and again, each time on a connection of its own.

    Args:
        url: of the service.
        key: lets in.
        image: the file.
    """

    def __init__(self, url: str, key: str, image: bytes) -> None:
        where = urlsplit(url)
        self._host, self._port = where.hostname, where.port
        body, kind = encode_multipart_formdata({"image": ("photo.jpg", image, "image/jpeg")})
        head = (
            f"POST /v1/removebg HTTP/1.1\r\nHost: {where.netloc}\r\nX-API-Key: {key}\r\n"
            f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self._request = head.encode() + body

    async def send(self, due: float) -> Answer:
        """Send it now, and wait for the whole answer."""
        sent = time.perf_counter()
        head = b""
        try:
            async with asyncio.timeout(TIMEOUT_S):
                reader, writer = await asyncio.open_connection(self._host, self._port)
                writer.transport.set_write_buffer_limits(0)  # then drain() waits for the last byte
                writer.write(self._request)
                await writer.drain()
                sent = time.perf_counter()
                head = await reader.readuntil(b"\r\n\r\n")
                await reader.read(-1)
                writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # no answer, which the status says
        ended = time.perf_counter()
        status = int(head.split(b" ", 2)[1]) if head else 0
        later = RETRY_AFTER.search(head)
        return Answer(due, sent, ended, status, float(later[1]) if later else None)
