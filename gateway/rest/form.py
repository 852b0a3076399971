"""Reads a multipart form into memory, limited while it is read. Nothing goes to disk."""

import sys
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field

from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from gateway.errors import BadImage, BadRequest, ClientGone, ImageTooLarge

MAX_FIELDS = 20
MAX_FIELD_BYTES = 4096
OVERHEAD_BYTES = 2**16
"""Boundaries, part headers and text fields around the largest image allowed."""


class _InMemory(MultiPartParser):
    spool_max_size = sys.maxsize  # Starlette's default writes files above 1 MB to disk


class _TooLarge(MultiPartException):
    """Of the kind after which Starlette closes what it has read so far."""


@dataclass(frozen=True)
class Form:
    """The text fields, and the one image."""

    fields: dict[str, str]
    image: bytes = field(repr=False)
    file_name: str


async def read_form(request: Request, *, max_image_bytes: int) -> Form:
    """Read a form with one file, `image`.

    Raises:
        BadRequest: it is no form, or a broken one.
        BadImage: it has no file `image`, or several.
        ImageTooLarge: as soon as more was announced or sent than the limit allows.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/form-data"):
        raise BadRequest("Send multipart/form-data with the file in the field `image`.")
    parser = _InMemory(
        request.headers,
        _limited(request, max_image_bytes),
        max_files=2,
        max_fields=MAX_FIELDS,
        max_part_size=MAX_FIELD_BYTES,
    )
    try:
        form = await parser.parse()
    except _TooLarge as error:
        raise ImageTooLarge(max_image_bytes) from error
    except ClientDisconnect as error:
        raise ClientGone from error
    except (MultiPartException, KeyError) as error:
        raise BadRequest(f"The form cannot be read: {getattr(error, 'message', error)}") from error
    try:
        fields = {name: value for name, value in form.items() if isinstance(value, str)}
        files = form.getlist("image")
        if len(files) != 1 or not isinstance(files[0], UploadFile):
            raise BadImage(
                "Send exactly one file in the field `image` (with curl: -F image=@photo.jpg)."
            )
        return Form(fields, await files[0].read(), files[0].filename or "image")
    finally:
        await form.close()


def announced_bytes(request: Request, max_image_bytes: int) -> int:
    """What the upload may grow to: what it says, and when it does not say, the most allowed."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isdigit() else max_image_bytes + OVERHEAD_BYTES


async def _limited(request: Request, max_image_bytes: int) -> AsyncGenerator[bytes, None]:
    limit = max_image_bytes + OVERHEAD_BYTES
    if announced_bytes(request, max_image_bytes) > limit:
        raise _TooLarge("too large")
    received = 0
    async for chunk in request.stream():
        received += len(chunk)
        if received > limit:
            raise _TooLarge("too large")
        yield chunk
