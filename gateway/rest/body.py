"""Reads a request's body into memory, limited while it is read. Nothing goes to disk.

The same fields come as multipart/form-data, as application/x-www-form-urlencoded, or as one JSON
object; files only as multipart, and base64 in fields whose names end in `_b64`.
"""

import asyncio
import json
import math
import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from urllib.parse import unquote_plus

from fastapi import Request
from starlette.datastructures import FormData, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from gateway.errors import BadOption, BadRequest, ClientGone, ImageTooLarge

MAX_FILES, MAX_FIELDS, MAX_FIELD_BYTES = 2, 50, 4096
MAX_JSON_PARTS = 1000
BASE64_CODES = (
    (b"%2B", b"+"),
    (b"%2b", b"+"),
    (b"%2F", b"/"),
    (b"%2f", b"/"),
    (b"%3D", b"="),
    (b"%3d", b"="),
    (b"%0D", b""),
    (b"%0d", b""),
    (b"%0A", b""),
    (b"%0a", b""),
    (b"%3A", b":"),
    (b"%3B", b";"),
    (b"%2C", b","),
)
"""What is percent-encoded in base64 text and data URLs. A bare + is meant as one."""
OVERHEAD_BYTES = 2**16
"""Boundaries, part headers and text fields around the largest image allowed."""


@dataclass(frozen=True)
class File:
    """One uploaded file."""

    data: bytes = field(repr=False)
    name: str


@dataclass(frozen=True)
class Body:
    """The text fields, and the files by their field's name."""

    fields: dict[str, str] = field(repr=False)
    files: dict[str, File]


async def read(request: Request, *, max_image_bytes: int) -> Body:
    """Read a request's fields and files.

    Raises:
        BadRequest: the body is of no kind that is read, broken, or has a file twice.
        BadOption: a JSON value is no text, number or boolean.
        ImageTooLarge: as soon as more was announced or sent than the limit allows.
        ClientGone: the client went before it had sent everything.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    reader = READERS.get(kind)
    if reader is None:
        raise BadRequest(f"Send the image as one of {', '.join(READERS)}.", "missing_source")
    try:
        return await reader(request, max_image_bytes)
    except _TooLarge as error:
        raise ImageTooLarge(max_image_bytes) from error
    except ClientDisconnect as error:
        raise ClientGone from error
    except (MultiPartException, KeyError, ValueError) as error:
        raise BadRequest(f"The form cannot be read: {getattr(error, 'message', error)}") from error


def announced_bytes(request: Request, max_image_bytes: int) -> int:
    """What the body may grow to: what it says, and when it does not say, the most allowed."""
    announced = request.headers.get("content-length", "")
    most = _max_body_bytes(request, max_image_bytes)
    return min(int(announced), most) if announced.isdecimal() else most


async def _read_multipart(request: Request, max_image_bytes: int) -> Body:
    parser = _InMemory(request, max_image_bytes)
    form = await parser.parse()
    try:
        return Body(_texts(form), await _files(form))
    finally:
        await form.close()


async def _read_urlencoded(request: Request, max_image_bytes: int) -> Body:
    data = await _whole(request, max_image_bytes)
    # In a thread, here and below: there may be megabytes of base64 in it.
    return Body(await asyncio.to_thread(_unquoted, data, max_image_bytes), {})


def _unquoted(data: bytes, max_image_bytes: int) -> dict[str, str]:
    """Fields of a form. Python's own parser takes minutes and gigabytes for a hostile one."""
    pairs = data.split(b"&", MAX_FIELDS)
    if len(pairs) > MAX_FIELDS:
        raise BadRequest(f"Too many fields: send at most {MAX_FIELDS}.")
    fields = {}
    for pair in pairs:
        quoted_name, _, value = pair.partition(b"=")
        name = unquote_plus(quoted_name[:MAX_FIELD_BYTES].decode("latin-1"))
        if name.endswith("_b64"):
            for code, letter in BASE64_CODES:
                value = value.replace(code, letter)
            fields[name] = value.decode("latin-1")
        else:
            _check_length(name, len(value) // 3, max_image_bytes)
            fields[name] = unquote_plus(value.decode("latin-1"))
        _check_length(name, len(fields[name]), max_image_bytes)
    return fields


async def _read_json(request: Request, max_image_bytes: int) -> Body:
    data = await _whole(request, max_image_bytes)
    parsed = await asyncio.to_thread(_flat_json, data)
    fields = {name: _as_text(name, value) for name, value in parsed.items() if value is not None}
    for name, text in fields.items():
        _check_length(name, len(text), max_image_bytes)
    return Body(fields, {})


def _flat_json(data: bytes) -> dict[str, object]:
    """Parse one small object, maybe with long texts in it.

    What has many parts is refused unparsed: it would cost seconds and gigabytes, and no other
    thread would run meanwhile.
    """
    if sum(map(data.count, (b"[", b"{", b","))) > MAX_JSON_PARTS:
        raise BadRequest("The JSON has too many parts: send one flat object.")
    try:
        parsed = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is no valid JSON.") from error
    if not isinstance(parsed, dict):
        raise BadRequest('The body must be one JSON object, e.g. {"image_b64": "…"}.')
    return parsed


READERS = {
    "multipart/form-data": _read_multipart,
    "application/x-www-form-urlencoded": _read_urlencoded,
    "application/json": _read_json,
}


class _TooLarge(MultiPartException):
    """Of the kind after which Starlette closes what it has read so far."""

    def __init__(self) -> None:
        super().__init__("too large")


class _InMemory(MultiPartParser):
    """Starlette's parser, with a limit for each part while it arrives."""

    spool_max_size = sys.maxsize  # Starlette's default writes files above 1 MB to disk

    def __init__(self, request: Request, max_image_bytes: int) -> None:
        super().__init__(
            request.headers,
            _limited(request, max_image_bytes),
            max_files=MAX_FILES,
            max_fields=MAX_FIELDS,
            max_part_size=_max_text_bytes("_b64", max_image_bytes),
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
            _check_length(part.field_name, self._received, self._max_image_bytes)
        elif self._received > self._max_image_bytes:
            raise _TooLarge
        super().on_part_data(data, start, end)


async def _whole(request: Request, max_image_bytes: int) -> bytes:
    return b"".join([chunk async for chunk in _limited(request, max_image_bytes)])


def _texts(form: FormData) -> dict[str, str]:
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


def _as_text(name: str, value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise BadOption(f"{name[:40]!r} must be a text, a number or a boolean.")


def _check_length(name: str, length: int, max_image_bytes: int) -> None:
    if length <= _max_text_bytes(name, max_image_bytes):
        return
    if name.endswith("_b64"):
        raise _TooLarge
    raise MultiPartException(f"field {name[:40]!r} is longer than {MAX_FIELD_BYTES} bytes.")


def _max_text_bytes(name: str, max_image_bytes: int) -> int:
    """Base64 is a third longer than what it says, and may have a line's end every 64 letters."""
    return (
        math.ceil(max_image_bytes * 4 / 3 * 1.05) + 1024
        if name.endswith("_b64")
        else MAX_FIELD_BYTES
    )


def _max_body_bytes(request: Request, max_image_bytes: int) -> int:
    """Of a form with files: of two images. Of the others: of one, as text."""
    texts = MAX_FILES if "multipart" in request.headers.get("content-type", "") else 1
    return texts * _max_text_bytes("_b64", max_image_bytes) + OVERHEAD_BYTES


async def _limited(request: Request, max_image_bytes: int) -> AsyncGenerator[bytes, None]:
    limit = _max_body_bytes(request, max_image_bytes)
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced) > limit:
        raise _TooLarge
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise _TooLarge
        yield chunk
