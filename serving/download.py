"""Downloads a file over HTTP and resumes interrupted downloads. Standard library only.

    url  ->  name.partial  ->  name, when it is complete

Proxies and certificates are configured as usual in Python: HTTPS_PROXY, SSL_CERT_FILE and the like.
"""

import base64
import urllib.request
from collections.abc import Callable
from email.message import Message
from http import HTTPStatus
from http.client import HTTPException, HTTPResponse
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import unquote, urlsplit

BLOCK_BYTES = 1 << 20
TIMEOUT_S = 60
"""Without any data; there is no limit for the whole download."""

Progress = Callable[[int, int], None]
"""Called with the bytes done and in total; a total of 0 means unknown."""


class DownloadError(Exception):
    """The download failed or is incomplete.

    Attributes:
        status: the HTTP status, if that was the reason.
    """

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def download(url: str, path: Path, progress: Progress, *, pinned: bool = False) -> None:
    """Download to `path`, unless it exists. The caller must hold a lock against other processes.

    Received bytes are kept beside `path`; the next attempt requests only the rest, if the server
    supports that. A connection that breaks is reopened at once, as long as each one brings data.

    Args:
        url: of the file; may contain a user name and password.
        path: destination.
        progress: called after each block.
        pinned: the caller will verify the file's hash. Otherwise a download is resumed only if the
            server identifies the file's version, so that no two versions are joined.

    Raises:
        DownloadError: the server answers with an error or not at all. Calling it again resumes.
    """
    if path.is_file():
        return
    partial = path.with_name(f"{path.name}.partial")
    received = _size(partial)
    if not pinned and not _saved_validator(partial):
        partial.unlink(missing_ok=True)
    while not _receive(url, partial, progress):
        if _size(partial) <= received:
            raise DownloadError(f"{redact_url(url)} was cut short. Run it again to resume.")
        received = _size(partial)
    partial.replace(path)
    _validator_file(partial).unlink(missing_ok=True)


def redact_url(url: str) -> str:
    """Return the URL without user name, password, query and fragment, for messages and records."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def _receive(url: str, partial: Path, progress: Progress) -> bool:
    """Download the rest; return False if the connection broke before the end."""
    try:
        with urllib.request.urlopen(_request(url, partial), timeout=TIMEOUT_S) as response:
            return _write(response, partial, progress)
    except HTTPError as error:
        error.close()
        if error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and _size(partial):
            partial.unlink()  # the file is now shorter than what was received of it
            return _receive(url, partial, progress)
        message = f"{redact_url(url)} answers {error.code} {error.reason}"
        raise DownloadError(message, error.code) from error
    except (OSError, HTTPException, ValueError) as error:
        reason = getattr(error, "reason", error)  # urllib wraps the system's error
        raise DownloadError(f"{redact_url(url)} cannot be downloaded: {reason}") from error


def _write(response: HTTPResponse, partial: Path, progress: Progress) -> bool:
    start = _size(partial) if response.status == HTTPStatus.PARTIAL_CONTENT else 0
    expected = int(response.headers.get("Content-Length", 0))
    total = start + expected if expected else 0
    with partial.open("ab" if start else "wb") as file:
        _validator_file(partial).write_text(_validator(response.headers))
        while block := _read_block(response):
            file.write(block)
            progress(file.tell(), total)
        return block is not None and file.tell() >= total


def _read_block(response: HTTPResponse) -> bytes | None:
    """Return the next block, empty at the end; None if the connection broke."""
    try:
        return response.read(BLOCK_BYTES)
    except (OSError, HTTPException):
        return None


def _request(url: str, partial: Path) -> urllib.request.Request:
    """Request the rest, or the whole file if it has changed since (If-Range, RFC 9110, 13.1.5)."""
    login, at, _ = urlsplit(url).netloc.rpartition("@")
    request = urllib.request.Request(url.replace(f"{login}{at}", "", 1))
    if login:
        basic = base64.b64encode(unquote(login).encode()).decode()
        request.add_unredirected_header("Authorization", f"Basic {basic}")
    if _size(partial):
        request.add_header("Range", f"bytes={_size(partial)}-")
        if validator := _saved_validator(partial):
            request.add_header("If-Range", validator)
    return request


def _validator(headers: Message) -> str:
    """Return the validator of the file's version, as If-Range needs it; empty if there is none."""
    tag = headers.get("ETag", "")
    return tag if tag.startswith('"') else headers.get("Last-Modified", "")


def _saved_validator(partial: Path) -> str:
    """Return the validator of the partial download; empty if there is none."""
    return _validator_file(partial).read_text() if _validator_file(partial).is_file() else ""


def _validator_file(partial: Path) -> Path:
    """Return the file that holds the validator of the partial download."""
    return partial.with_name(f"{partial.name}.version")


def _size(path: Path) -> int:
    return path.stat().st_size if path.is_file() else 0
