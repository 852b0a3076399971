"""A client for bulk jobs: up to 50 images per upload, cut out later. Over HTTP only."""

import secrets
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar, Unpack

import httpx

from gateway.client.bulk_job import BulkJob
from gateway.client.connection import AsyncCloseable, Connection, ConnectionSettings
from gateway.client.http_messages import problem, retry_after_s
from gateway.client.http_transport import errors_as_problems, httpx_arguments
from gateway.client.problem import unexpected_response
from gateway.client.removal_request import RemovalOptions, RemovalRequest
from gateway.client.retries import with_retries

PATH = "/v1/bulk"

Parsed = TypeVar("Parsed")


class AsyncBulkClient(AsyncCloseable):
    """A client for bulk jobs, for one event loop, in which it must be created.

    Args:
        url: URL of the service's HTTP API: `http://host:8080`, or `https://` with TLS.
        key: an API key.
        **settings: `timeout_s` (here of each wait on the network), `attempts` and `ca_file`; see
            Connection.

    Raises:
        ValueError: the URL or the key is malformed.
    """

    def __init__(self, url: str, key: str, **settings: Unpack[ConnectionSettings]) -> None:
        self._connection = Connection(url, key, **settings)
        self._connection.scheme(
            ("http", "https"), "bulk jobs go over HTTP; give a URL such as http://host:8080"
        )
        self._http = httpx.AsyncClient(**httpx_arguments(self._connection))

    async def create(
        self,
        images: Sequence[Path],
        *,
        idempotency_key: str = "",
        **options: Unpack[RemovalOptions],
    ) -> str:
        """Upload images as one job.

        Args:
            images: 1 to 50 files; each is read piece by piece while it is sent.
            idempotency_key: a second upload with the same key creates no second job: the service
                answers with the first one. Default: a random key, for the attempts of this call.
            **options: the options of docs/options.md, applied to all images.

        Returns:
            The job's id.

        Raises:
            Problem: the service rejects the upload, or does not answer; no image is stored then.
            OSError: a file cannot be read.
            TypeError: an option does not exist.
        """
        request = RemovalRequest(b"", options)
        headers = {"Idempotency-Key": idempotency_key or secrets.token_hex(16)}

        async def upload() -> httpx.Response:
            # The files are opened again for every attempt: the last one may have read them.
            with _open_parts(images, request.files) as files:
                return await self._call(
                    "POST", PATH, files=files, data=request.form_fields, headers=headers
                )

        response = await with_retries(self._connection.attempts, upload)
        return _parse(response, lambda accepted: str(accepted.json()["job_id"]))

    async def get(self, job_id: str) -> BulkJob:
        """Return a job with the status of its images.

        Raises:
            Problem: `no-job` if it has been deleted, or belongs to another account.
        """
        return _parse(await self._call_with_retries("GET", f"{PATH}/{job_id}"), _job)

    async def result(self, job_id: str, number: int) -> bytes:
        """Return the result file of one image that succeeded.

        Raises:
            Problem: `no-result` if the image has no result, `no-job` as for `get`.
        """
        path = f"{PATH}/{job_id}/items/{number}"
        response = await with_retries(self._connection.attempts, self._download, path)
        return response.content

    async def cancel(self, job_id: str) -> BulkJob:
        """Cancel a job: images that have not been started are not processed.

        Raises:
            Problem: as for `get`.
        """
        return _parse(await self._call_with_retries("POST", f"{PATH}/{job_id}/cancel"), _job)

    async def close(self) -> None:
        """Close all connections; calls in progress fail with a Problem."""
        await self._http.aclose()

    async def _call_with_retries(self, method: str, path: str) -> httpx.Response:
        return await with_retries(self._connection.attempts, self._call, method, path)

    async def _download(self, path: str) -> httpx.Response:
        """Follow the redirect to a presigned URL, without sending the API key there."""
        response = await self._call("GET", path)
        if not response.has_redirect_location:
            return response
        presigned = self._http.build_request("GET", response.headers["Location"])
        del presigned.headers["X-API-Key"]
        return await self._send(presigned)

    async def _call(self, method: str, path: str, **arguments: Any) -> httpx.Response:
        return await self._send(self._http.build_request(method, path, **arguments))

    async def _send(self, request: httpx.Request) -> httpx.Response:
        with errors_as_problems(self._http, self._connection.timeout_s):
            response = await self._http.send(request)
        if not response.is_success and not response.has_redirect_location:
            raise problem(response)
        return response


@contextmanager
def _open_parts(
    images: Sequence[Path], shared: Mapping[str, bytes]
) -> Iterator[list[tuple[str, Any]]]:
    """Open the files as the parts of a multipart form."""
    with ExitStack() as stack:
        files = [
            ("images", (_sendable_name(path), stack.enter_context(path.open("rb"))))
            for path in images
        ]
        yield [*files, *shared.items()]


def _sendable_name(path: Path) -> str:
    """Return the file's name; bytes that are not UTF-8 become question marks."""
    return path.name.encode(errors="replace").decode()


def _job(response: httpx.Response) -> BulkJob:
    return BulkJob.from_json(response.json(), retry_after_s(response))


def _parse(response: httpx.Response, parse: Callable[[httpx.Response], Parsed]) -> Parsed:
    try:
        return parse(response)
    except (KeyError, TypeError, ValueError) as error:
        raise unexpected_response(response.headers.get("content-type", "")) from error
