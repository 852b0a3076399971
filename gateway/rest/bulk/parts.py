"""Parses a multipart body part by part: only one image is in memory at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from fastapi import Request
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect

from gateway.errors import BadRequest, ClientGone, IdleStream
from gateway.requests.payload import MAX_FIELD_BYTES, too_long

IDLE_S = 30.0
"""How long a client may pause."""
RETRY_AFTER_S = 1.0
MAX_PARTS = 120
"""50 images, an ID for each, and the options."""


@dataclass
class Part:
    """One field of the form."""

    name: str = ""
    filename: str | None = None
    """None: the field is a text, not a file."""
    data: bytearray = field(default_factory=bytearray, repr=False)

    @property
    def text(self) -> str:
        """The value of a text field."""
        return self.data.decode(errors="replace")


async def parse_parts(request: Request, max_image_bytes: int) -> AsyncIterator[Part]:
    """Yield the fields of a form as they arrive.

    A file over `max_image_bytes` is yielded as soon as it exceeds the limit, truncated: the caller
    must reject it and stop.

    Raises:
        BadRequest: the body is not a form, is malformed, or has more than `MAX_PARTS` fields.
        ClientGone: the client disconnected before it had sent everything.
        IdleStream: the client sent nothing for `IDLE_S`.
    """
    content_type, options = parse_options_header(request.headers.get("content-type", ""))
    if content_type != b"multipart/form-data" or not options.get(b"boundary"):
        raise BadRequest("Send the images as multipart/form-data.")
    builder = _PartBuilder(max_image_bytes)
    parser = MultipartParser(
        options[b"boundary"],
        {
            "on_part_begin": builder.begin,
            "on_part_data": builder.data,
            "on_part_end": builder.end,
            "on_header_field": builder.header_field,
            "on_header_value": builder.header_value,
            "on_header_end": builder.header_end,
            "on_headers_finished": builder.headers_finished,
        },
    )
    try:
        async for chunk in _chunks(request):
            parser.write(chunk)
            while builder.finished:
                yield builder.finished.pop(0)
    except ClientDisconnect as error:
        raise ClientGone from error
    except ValueError as error:
        raise BadRequest(f"The form cannot be read: {error}") from error
    if builder.is_inside_part:
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
            raise IdleStream(f"Nothing arrived for {IDLE_S:g} seconds.", RETRY_AFTER_S) from error
        yield chunk


class _PartBuilder:
    """Builds parts from the parser's callbacks."""

    def __init__(self, max_image_bytes: int) -> None:
        self._max_image_bytes = max_image_bytes
        self.finished: list[Part] = []
        self.is_inside_part = False
        self._count = 0
        self._part = Part()
        self._header, self._value = b"", b""

    def begin(self) -> None:
        self._part, self.is_inside_part = Part(), True
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
                # Not rejected here, since only the caller knows which image it is.
                self.finished.append(part)
        elif len(part.data) > MAX_FIELD_BYTES:
            raise too_long(part.name)

    def end(self) -> None:
        self.is_inside_part = False
        self.finished.append(self._part)
