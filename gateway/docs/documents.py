"""Answers that stay the same: with an ETag, compressed, and made once."""

import gzip
import hashlib
from dataclasses import dataclass
from http import HTTPStatus

from fastapi import Request, Response


@dataclass(frozen=True)
class Document:
    """The bytes of an answer, plain and compressed."""

    content: bytes
    compressed: bytes
    etag: str
    media_type: str


def document(content: str, media_type: str = "text/html") -> Document:
    """Return a text as a document."""
    data = content.encode()
    etag = f'W/"{hashlib.sha256(data).hexdigest()[:20]}"'
    return Document(data, gzip.compress(data, mtime=0), etag, media_type)


def answer(request: Request, made: Document) -> Response:
    """Return a document, or that the browser has it already."""
    headers = {"ETag": made.etag, "Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    known = request.headers.get("if-none-match", "").split(",")
    if made.etag in (each.strip() for each in known):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
        return Response(made.compressed, media_type=made.media_type, headers=headers)
    return Response(made.content, media_type=made.media_type, headers=headers)
