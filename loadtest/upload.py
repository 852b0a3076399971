"""Uploads to /v1/removebg over a plain socket: cheap for the client, and with exact times."""

import asyncio
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from urllib.parse import urlsplit

from urllib3.filepost import encode_multipart_formdata

RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)
TIMEOUT_S = 60.0


@dataclass(frozen=True)
class Answer:
    """The outcome of one upload. Times are those of `time.perf_counter`."""

    due: float
    """When the upload was scheduled to start."""
    sent: float
    """When its last byte was sent."""
    ended: float
    """When the last byte of the response arrived."""
    status: int
    """HTTP status; 0 without a response."""
    retry_after_s: float | None
    """Seconds of the `Retry-After` header; None without one."""
    size_bytes: int = 0
    """Of the response's body."""

    @property
    def latency_s(self) -> float:
        """Seconds from the scheduled start to the end."""
        return self.ended - self.due

    @property
    def after_upload_s(self) -> float:
        """Seconds from the last byte of the upload to the end."""
        return self.ended - self.sent


class Upload:
    """Sends an image repeatedly, each time over a new connection.

    Args:
        url: of the service.
        key: an API key.
        image: the encoded image.
        path: of the request.
        file_field: form field of the image.
        form: further form fields.
        timeout_s: a request that takes longer counts as lost.
    """

    def __init__(
        self,
        url: str,
        key: str,
        image: bytes,
        *,
        path: str = "/v1/removebg",
        file_field: str = "image",
        form: Mapping[str, str] = MappingProxyType({}),
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname, address.port
        self._timeout_s = timeout_s
        body, content_type = encode_multipart_formdata(
            {file_field: ("photo.jpg", image, "image/jpeg"), **form}
        )
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {address.netloc}\r\nX-API-Key: {key}\r\n"
            f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n"
            "Connection: close\r\n\r\n"
        )
        self._request = head.encode() + body

    async def send(self, due: float) -> Answer:
        """Send the image now, and wait for the whole response.

        Args:
            due: scheduled start, by `time.perf_counter`.
        """
        sent = time.perf_counter()
        head = body = b""
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await asyncio.open_connection(self._host, self._port)
                writer.transport.set_write_buffer_limits(0)  # then drain() waits for the last byte
                writer.write(self._request)
                await writer.drain()
                sent = time.perf_counter()
                head = await reader.readuntil(b"\r\n\r\n")
                body = await reader.read(-1)
                writer.close()
        except (OSError, TimeoutError, asyncio.IncompleteReadError):
            pass  # no response: the status stays 0
        ended = time.perf_counter()
        status = int(head.split(b" ", 2)[1]) if head else 0
        retry_after = RETRY_AFTER.search(head)
        retry_after_s = float(retry_after[1]) if retry_after else None
        return Answer(due, sent, ended, status, retry_after_s, len(body))
