"""The parts of a multipart body, one after the other: only one image is in memory at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from gateway.bulk.uploads import IDLE_S
from gateway.errors import BadRequest, ClientGone, IdleStream
from gateway.orders.sent import MAX_FIELD_BYTES, too_long

RETRY_AFTER_S = 1.0
MAX_PARTS = 120
"""50 images, an id for each, and the options."""


@dataclass
class Part:
    """One field."""

    name: str = ""
    filename: str | None = None
    """None: it is a text."""
    data: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def text(self) -> str:
        """What a text says."""
        return self.data.decode(errors="replace")


async def parts(request: Request, max_image_bytes: int) -> AsyncIterator[Part]:
    """Read a body.

    An image that is too large is given as soon as it is, cut off: read no further then.

    Raises:
        BadRequest: it is no form, broken, or has too many fields.
        ClientGone: the client went before it had sent everything.
        IdleStream: it is there, and sends nothing.
    """
    kind, options = parse_options_header(request.headers.get("content-type", ""))
    if kind != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequest("Send the images as multipart/form-data.")
    reader = _Reader(max_image_bytes)
    parser = MultipartParser(
        options[b"boundary"],
        {
            "on_part_begin": reader.begin,
            "on_part_data": reader.data,
            "on_part_end": reader.end,
            "on_header_field": reader.header_field,
            "on_header_value": reader.header_value,
            "on_header_end": reader.header_end,
            "on_headers_finished": reader.headers_finished,
        },
    )
    try:
        async for chunk in _chunks(request):
            parser.write(chunk)
            while reader.finished:
                yield reader.finished.pop(0)
    except ClientDisconnect as error:
        raise ClientGone from error
    except ValueError as error:
        raise BadRequest(f"The form cannot be read: {error}") from error
    if reader.inside:
        raise BadRequest("The form cannot be read: it ends in the middle of a part.")


async def _chunks(request: Request) -> AsyncIterator[bytes]:
    chunks = aiter(request.stream())
    while True:
        try:
            async with asyncio.timeout(IDLE_S):
                chunk = await anext(chunks)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise IdleStream(f"Nothing came for {IDLE_S:g} seconds.", RETRY_AFTER_S) from error
        yield chunk


class _Reader:
    """What the parser finds, gathered into parts."""

    def __init__(self, max_image_bytes: int) -> None:
        self._max_image_bytes = max_image_bytes
        self.finished: list[Part] = []
        self.inside = False
        self._count = 0
        self._part = Part()
        self._header, self._value = b"", b""

    def begin(self) -> None:
        self._part, self.inside = Part(), True
        self._count += 1
        if self._count > MAX_PARTS:
            raise BadRequest(f"Too many fields: send at most {MAX_PARTS}.")

    def header_field(self, data: bytes, start: int, end: int) -> None:
        self._header += data[start:end]

    def header_value(self, data: bytes, start: int, end: int) -> None:
        self._value += data[start:end]

    def header_end(self) -> None:
        if self._header.lower() == b"content-disposition":
            _, options = parse_options_header(self._value)
            self._part.name = options.get(b"name", b"").decode(errors="replace")
            if b"filename" in options:
                self._part.filename = options[b"filename"].decode(errors="replace")
        self._header, self._value = b"", b""

    def headers_finished(self) -> None:
        if not self._part.name:
            raise BadRequest("The form cannot be read: a part has no name.")

    def data(self, data: bytes, start: int, end: int) -> None:
        part = self._part
        part.data += memoryview(data)[start:end]
        if part.filename is not None:
            if len(part.data) > self._max_image_bytes:
                self.finished.append(part)  # whoever gets it refuses it, and says which one it is
        elif len(part.data) > MAX_FIELD_BYTES:
            raise too_long(part.name)

    def end(self) -> None:
        self.inside = False
        self.finished.append(self._part)
