"""Reads a request's body into memory, within limits. Nothing is written to disk.

Fields come as multipart/form-data, as application/x-www-form-urlencoded, or as one JSON object;
files only as multipart; base64 in fields whose names end in `_b64`.
"""

import asyncio
import sys
from collections.abc import AsyncGenerator

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from gateway.errors import BadRequest, ClientGone, ImageTooLarge
from gateway.requests.payload import MAX_FILES, MAX_IMAGES, File, Payload, check_length, max_bytes
from gateway.rest import encoded_body

OVERHEAD_BYTES = 2**16
"""Boundaries, part headers and text fields around the largest image allowed."""


async def read(request: Request, *, max_image_bytes: int) -> Payload:
    """Read a request's fields and files.

    Raises:
        BadRequest: the media type is not supported, the body is malformed, or a file came twice.
        BadOption: a JSON value is not a text, number or boolean.
        ImageTooLarge: as soon as more is announced or sent than the limit allows.
        ClientGone: the client disconnected before it had sent everything.
    """
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    reader = READERS.get(media_type)
    if reader is None:
        raise BadRequest(f"Send the image as one of {', '.join(READERS)}.", "missing_source")
    try:
        return await reader(request, max_image_bytes)
    except ClientDisconnect as error:
        raise ClientGone from error
    except (MultiPartException, KeyError, ValueError) as error:
        raise BadRequest(f"The form cannot be read: {getattr(error, 'message', error)}") from error


def announced_bytes(request: Request, max_image_bytes: int) -> int:
    """Return the Content-Length, or the largest allowed if there is none."""
    announced = request.headers.get("content-length", "")
    most = _max_body_bytes(max_image_bytes)
    return min(int(announced), most) if announced.isdecimal() else most


async def _read_multipart(request: Request, max_image_bytes: int) -> Payload:
    parser = _InMemory(request, max_image_bytes)
    form = await parser.parse()
    try:
        return Payload(_text_fields(form), await _files(form))
    finally:
        await form.close()


async def _read_urlencoded(request: Request, max_image_bytes: int) -> Payload:
    data = await _read_all(request, max_image_bytes)
    return Payload(await asyncio.to_thread(encoded_body.from_form, data, max_image_bytes), {})


async def _read_json(request: Request, max_image_bytes: int) -> Payload:
    data = await _read_all(request, max_image_bytes)
    return Payload(await asyncio.to_thread(encoded_body.from_json, data, max_image_bytes), {})


READERS = {
    "multipart/form-data": _read_multipart,
    "application/x-www-form-urlencoded": _read_urlencoded,
    "application/json": _read_json,
}


class _InMemory(MultiPartParser):
    """Starlette's parser, with a size limit for each part while it arrives."""

    spool_max_size = sys.maxsize  # Starlette's default writes files above 1 MB to disk

    def __init__(self, request: Request, max_image_bytes: int) -> None:
        super().__init__(
            request.headers,
            _limited(request, max_image_bytes),
            max_files=MAX_FILES,
            max_fields=encoded_body.MAX_FIELDS,
            max_part_size=max_bytes("_b64", max_image_bytes),
        )
        self._max_image_bytes = max_image_bytes
        self._received = 0
        self._inside_part = False

    async def parse(self) -> FormData:
        form = await super().parse()
        if self._inside_part:
            for file in self._files_to_close_on_error:
                file.close()
            raise MultiPartException("it ends in the middle of a part.")
        return form

    def on_part_begin(self) -> None:
        super().on_part_begin()
        self._received, self._inside_part = 0, True

    def on_part_end(self) -> None:
        super().on_part_end()
        self._inside_part = False

    def on_part_data(self, data: bytes, start: int, end: int) -> None:
        self._received += end - start
        part = self._current_part
        if part.file is None:
            check_length(part.field_name, self._received, self._max_image_bytes)
        elif self._received > self._max_image_bytes:
            raise ImageTooLarge(self._max_image_bytes)
        super().on_part_data(data, start, end)


async def _read_all(request: Request, max_image_bytes: int) -> bytes:
    return b"".join([chunk async for chunk in _limited(request, max_image_bytes)])


def _text_fields(form: FormData) -> dict[str, str]:
    return {name: value for name, value in form.items() if isinstance(value, str)}


async def _files(form: FormData) -> dict[str, File]:
    files: dict[str, File] = {}
    for name, value in form.multi_items():
        # A browser sends a field that was left empty as a file without a name.
        if isinstance(value, UploadFile) and (value.filename or value.size):
            if name in files:
                raise BadRequest(f"Send only one file in the field {name[:40]!r}.")
            files[name] = File(await value.read(), value.filename or "image")
    return files


def _max_body_bytes(max_image_bytes: int) -> int:
    """Return the limit: as much as MAX_IMAGES of the largest size, as text."""
    return MAX_IMAGES * max_bytes("_b64", max_image_bytes) + OVERHEAD_BYTES


async def _limited(request: Request, max_image_bytes: int) -> AsyncGenerator[bytes, None]:
    limit = _max_body_bytes(max_image_bytes)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise ImageTooLarge(max_image_bytes)
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise ImageTooLarge(max_image_bytes)
        yield chunk
