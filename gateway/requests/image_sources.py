"""The sources of a request's image: a file, base64 text, or a URL."""

import asyncio
import binascii
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from gateway.errors import BadImage, BadRequest, BadUrl, FailedDownload, ImageTooLarge
from gateway.network.outbound import Outbound
from gateway.requests.payload import File, Payload


@dataclass(frozen=True)
class Names:
    """The fields that may carry one image; empty if a route has no such field."""

    file: str
    b64: str = ""
    url: str = ""
    several: str = "multiple_sources"
    """The error's code if more than one of them is sent."""


async def load(
    payload: Payload, names: Names, outbound: Outbound | None, *, max_image_bytes: int
) -> File | None:
    """Return the image that was sent or named; None if none of the fields is there.

    Args:
        payload: as received.
        names: of the fields to look at.
        outbound: downloads URLs; None if the settings forbid that.
        max_image_bytes: of the image itself.

    Raises:
        BadRequest: there is more than one source, or a file came as text.
        BadImage: the base64 is invalid.
        BadUrl: the download failed, or URLs are off.
        ImageTooLarge: it has too many bytes.
    """
    sources = [n for n in (names.b64, names.url) if n and payload.fields.get(n)]
    sources += [names.file] if names.file in payload.files else []
    if not sources and payload.fields.get(names.file):
        raise BadRequest(
            f"{names.file} came as text: send it as a file, in multipart/form-data (with curl: "
            f"-F {names.file}=@photo.jpg, with the @)."
        )
    if not sources:
        return None
    if len(sources) > 1:
        raise BadRequest(f"Send one of {', '.join(sources)}, not several.", names.several)
    if names.file in payload.files:
        return payload.files[names.file]
    text = payload.fields[sources[0]]
    if sources[0] == names.b64:
        return await asyncio.to_thread(_decode, text, names.b64, max_image_bytes)
    return await _fetch(text, names.url, outbound, max_image_bytes)


def _decode(text: str, name: str, max_image_bytes: int) -> File:
    """Decode base64, also with line breaks, without padding, or as a data URL."""
    digits = "".join(text.rpartition("base64,")[2].split()).rstrip("=")
    try:
        data = binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage(f"{name} is not valid base64.") from error
    if len(data) > max_image_bytes:
        raise ImageTooLarge(max_image_bytes)
    return File(data, "image")


async def _fetch(url: str, name: str, outbound: Outbound | None, max_image_bytes: int) -> File:
    if outbound is None:
        raise BadUrl(
            f"{name} is not allowed by this service: send the image itself.", f"invalid_{name}"
        )
    try:
        data = await outbound.fetch(url, max_bytes=max_image_bytes)
    except FailedDownload as error:
        what = "bg" if name.startswith("bg_") else "image"
        raise FailedDownload(f"{name} {error}", f"failed_{what}_download") from error
    except BadUrl as error:
        raise BadUrl(f"{name} {error}", f"invalid_{name}") from error
    return File(data, PurePosixPath(urlsplit(url).path).name or "image")
