"""Style sheets and scripts, at URLs that change with their content and are cached for ever."""

import gzip
import hashlib
import mimetypes
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from fastapi import APIRouter, Request, Response

from gateway.errors import NoSuchThing

FOLDER = Path(__file__).parent / "static"
PREFIX = "/static/dashboard"
IMMUTABLE = "public, max-age=31536000, immutable"

router = APIRouter()


@dataclass(frozen=True)
class Assets:
    """The files of the folder, in memory, plain and compressed."""

    files: dict[str, bytes]
    compressed: dict[str, bytes]
    version: str
    """A hash of all files. As part of the path it lets modules import each other by relative URLs,
    which a hash of each file in its name would not."""


@cache
def assets() -> Assets:
    """Return the files, read once."""
    files = {
        path.relative_to(FOLDER).as_posix(): path.read_bytes()
        for path in sorted(FOLDER.rglob("*"))
        if path.is_file()
    }
    content = hashlib.sha256(repr(sorted(files.items())).encode())
    compressed = {name: gzip.compress(data, mtime=0) for name, data in files.items()}
    return Assets(files, compressed, content.hexdigest()[:12])


def url_of(name: str) -> str:
    """Return the URL of a file of the folder; templates call it as `static`.

    Raises:
        KeyError: there is no such file.
    """
    if name not in assets().files:
        raise KeyError(name)
    return f"{PREFIX}/{assets().version}/{name}"


@router.get(PREFIX + "/{version}/{name:path}")
async def asset(version: str, name: str, request: Request) -> Response:
    """Return a file.

    Of another version it is sent too, but not to be kept: during an update, a page may come from
    one replica and its style from another.
    """
    if name not in assets().files:
        raise NoSuchThing
    headers = {
        "Cache-Control": IMMUTABLE if version == assets().version else "no-cache",
        "Vary": "Accept-Encoding",
    }
    data = assets().files[name]
    if "gzip" in request.headers.get("accept-encoding", ""):
        data, headers["Content-Encoding"] = assets().compressed[name], "gzip"
    media_type = mimetypes.guess_type(name)[0] or "application/octet-stream"
    return Response(data, media_type=media_type, headers=headers)
