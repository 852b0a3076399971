"""Where an image of a request comes from: a file, base64 text, or a URL."""

import asyncio
import binascii
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from gateway.errors import BadImage, BadRequest, BadUrl, FailedDownload, ImageTooLarge
from gateway.orders.sent import File, Sent
from gateway.outbound import Outbound


@dataclass(frozen=True)
class Names:
    """The fields that may carry one image; empty where a transport has no such field."""

    file: str
    b64: str = ""
    url: str = ""
    several: str = "multiple_sources"
    """The error's code when more than one of them is sent."""


async def load(
    sent: Sent, names: Names, outbound: Outbound | None, *, max_image_bytes: int
) -> File | None:
    """The image that was sent or named; None when it has none of the fields.

    Args:
        sent: as received.
        names: of the fields to look at.
        outbound: fetches URLs; None when the settings do not allow that.
        max_image_bytes: of the image itself.

    Raises:
        BadRequest: it is sent in more than one way, or a file as text.
        BadImage: the base64 is none.
        BadUrl: it cannot be fetched, or URLs are off.
        ImageTooLarge: it has too many bytes.
    """
    used = [n for n in (names.b64, names.url) if n and sent.fields.get(n)]
    used += [names.file] if names.file in sent.files else []
    if not used and sent.fields.get(names.file):
        raise BadRequest(
            f"{names.file} came as text: send it as a file, in multipart/form-data (with curl: "
            f"-F {names.file}=@photo.jpg, with the @)."
        )
    if not used:
        return None
    if len(used) > 1:
        raise BadRequest(f"Send one of {', '.join(used)}, not several.", names.several)
    if names.file in sent.files:
        return sent.files[names.file]
    text = sent.fields[used[0]]
    if used[0] == names.b64:
        return await asyncio.to_thread(_decode, text, names.b64, max_image_bytes)
    return await _fetch(text, names.url, outbound, max_image_bytes)


def _decode(text: str, name: str, max_image_bytes: int) -> File:
    """Base64, also with line ends, without padding, and as a data URL."""
    digits = "".join(text.rpartition("base64,")[2].split()).rstrip("=")
    try:
        data = binascii.a2b_base64(digits + "=" * (-len(digits) % 4), strict_mode=True)
    except (binascii.Error, ValueError) as error:
        raise BadImage(f"{name} is no valid base64.") from error
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
