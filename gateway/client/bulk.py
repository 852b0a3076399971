"""Bulk jobs: up to 50 images in one upload, done later. Over HTTP only."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar, Unpack
from urllib.parse import urlsplit

import httpx
from tenacity import AsyncRetrying

from gateway.client.bulk_job import BulkJob
from gateway.client.client import ATTEMPTS, TIMEOUT_S, checked
from gateway.client.over_http import problem, retry_after_s, settings
from gateway.client.problem import closed, late, strange, unreachable
from gateway.client.query import Asked, Query
from gateway.client.retries import policy

PATH = "/v1/bulk"

Read = TypeVar("Read")


class AsyncBulkClient:
    """A client for bulk jobs, for one event loop: build it there.

    Args:
        url: of the service's HTTP API: `http://host:8080`, or `https://`.
        key: an API key.
        timeout_s: for each wait on the network.
        attempts: for each call; see Client.
        ca_file: PEM certificates to believe; default: the system's.

    Raises:
        ValueError: the URL is none of these, or the key cannot be one.
    """

    def __init__(
        self,
        url: str,
        key: str,
        *,
        timeout_s: float = TIMEOUT_S,
        attempts: int = ATTEMPTS,
        ca_file: str = "",
    ) -> None:
        self._timeout_s = timeout_s
        self._http = httpx.AsyncClient(
            **settings(_checked_url(url), checked(key), timeout_s, ca_file)
        )
        self._retrying = AsyncRetrying(**policy(attempts))

    async def create(
        self, images: Sequence[Path], *, idempotency_key: str = "", **options: Unpack[Asked]
    ) -> str:
        """Upload images as one job.

        Args:
            images: 1 to 50 files; they are read while they are sent, piece by piece.
            idempotency_key: a second upload of the same under the same key is answered with the
                job of the first one; default: one for the attempts of this call.
            **options: as the README lists them, for all images.

        Returns:
            The job's id.

        Raises:
            Problem: the service refuses, or does not answer. No image is kept.
            OSError: a file cannot be read.
        """
        query = Query(b"", options)
        headers = {"Idempotency-Key": idempotency_key or secrets.token_hex(16)}

        async def upload() -> httpx.Response:
            with _opened(images, query) as files:
                return await self._ask("POST", PATH, files=files, data=query.texts, headers=headers)

        answer: httpx.Response = await self._retrying.copy()(upload)
        return _read(answer, _job_id)

    async def get(self, job_id: str) -> BulkJob:
        """How far a job is.

        Raises:
            Problem: `no-job` when it is gone, or is another account's.
        """
        answer = await self._ask_patiently("GET", f"{PATH}/{job_id}")
        return _read(answer, _job)

    async def result(self, job_id: str, number: int) -> bytes:
        """The file of one image that succeeded.

        Raises:
            Problem: `no-result` when there is none, `no-job` as for `get`.
        """
        path = f"{PATH}/{job_id}/items/{number}"
        answer: httpx.Response = await self._retrying.copy()(self._result, path)
        return answer.content

    async def cancel(self, job_id: str) -> BulkJob:
        """Begin no further image of a job.

        Raises:
            Problem: as for `get`.
        """
        answer = await self._ask_patiently("POST", f"{PATH}/{job_id}/cancel")
        return _read(answer, _job)

    async def close(self) -> None:
        """Close the connections."""
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _ask_patiently(self, method: str, path: str) -> httpx.Response:
        return await self._retrying.copy()(self._ask, method, path)

    async def _result(self, path: str) -> httpx.Response:
        """Some services send to a storage for their results: it needs no key, and gets none."""
        answer = await self._ask("GET", path)
        if not answer.has_redirect_location:
            return answer
        there = self._http.build_request("GET", answer.headers["Location"])
        del there.headers["X-API-Key"]
        return await self._send(there)

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        return await self._send(self._http.build_request(method, path, **request))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        if self._http.is_closed:
            raise closed()
        try:
            answer = await self._http.send(request)
        except httpx.TimeoutException as error:
            raise late(self._timeout_s) from error
        except httpx.RequestError as error:
            raise unreachable(error) from error
        if not answer.is_success and not answer.has_redirect_location:
            raise problem(answer)
        return answer


@contextmanager
def _opened(images: Sequence[Path], query: Query) -> Iterator[list[tuple[str, Any]]]:
    """Files as parts of a form."""
    with ExitStack() as stack:
        files = [("images", (_name(path), stack.enter_context(path.open("rb")))) for path in images]
        yield [*files, *([("bg_image", query.backdrop)] if query.backdrop else [])]


def _name(path: Path) -> str:
    """Of a file, also one whose name is no UTF-8."""
    return path.name.encode(errors="replace").decode()


def _job_id(answer: httpx.Response) -> str:
    return str(answer.json()["job_id"])


def _job(answer: httpx.Response) -> BulkJob:
    return BulkJob.told(answer.json(), retry_after_s(answer))


def _read(answer: httpx.Response, read: Callable[[httpx.Response], Read]) -> Read:
    try:
        return read(answer)
    except (KeyError, TypeError, ValueError) as error:
        raise strange(answer.headers.get("content-type", "")) from error


def _checked_url(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{url}: bulk jobs go over HTTP; give a URL such as http://host:8080")
    return url
