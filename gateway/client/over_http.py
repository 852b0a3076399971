"""Queries over HTTP."""

import asyncio
import re
import ssl
from typing import Any

import httpx

from gateway.client.cutout import Cutout
from gateway.client.problem import Problem, closed, late, strange, unreachable
from gateway.client.query import Query
from gateway.images.matte import Box

PATH = "/v1/removebg"
STAGE = re.compile(r"(\w+);dur=([0-9.]+)")


class Http:
    """One connection pool, for threads.

    Args:
        url: of the service.
        key: an API key.
        timeout_s: for each attempt; here for each wait on the network.
        ca_file: PEM certificates to believe; empty: the system's.
    """

    def __init__(self, url: str, key: str, *, timeout_s: float, ca_file: str) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.Client(**settings(url, key, timeout_s, ca_file))

    def remove(self, query: Query) -> Cutout:
        """Ask once.

        Raises:
            Problem: there is no cut-out.
        """
        if self._client.is_closed:
            raise closed()
        try:
            return cutout(self._client.post(PATH, **form(query)))
        except httpx.TimeoutException as error:
            raise late(self._timeout_s) from error
        except httpx.RequestError as error:
            raise unreachable(error) from error

    def close(self) -> None:
        """Close the connections."""
        self._client.close()


class AsyncHttp:
    """The same, for one event loop."""

    def __init__(self, url: str, key: str, *, timeout_s: float, ca_file: str) -> None:
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(**settings(url, key, timeout_s, ca_file))

    async def remove(self, query: Query) -> Cutout:
        """See Http."""
        if self._client.is_closed:
            raise closed()
        try:
            async with asyncio.timeout(self._timeout_s):
                return cutout(await self._client.post(PATH, **form(query)))
        except (TimeoutError, httpx.TimeoutException) as error:
            raise late(self._timeout_s) from error
        except httpx.RequestError as error:
            raise unreachable(error) from error

    remove_streamed = remove
    """HTTP has no streams: its requests share connections."""

    async def close(self) -> None:
        """Close the connections."""
        await self._client.aclose()


def form(query: Query) -> dict[str, Any]:
    """A query as a multipart form."""
    files = {"image": query.image}
    if query.backdrop:
        files["bg_image"] = query.backdrop
    return {"files": files, "data": query.texts}


def cutout(answer: httpx.Response) -> Cutout:
    """What an answer says.

    Raises:
        Problem: it says what is wrong.
    """
    if answer.status_code != httpx.codes.OK:
        raise problem(answer)
    try:
        return _cutout(answer)
    except (KeyError, ValueError) as error:
        raise strange(answer.headers.get("content-type", "")) from error


def settings(url: str, key: str, timeout_s: float, ca_file: str) -> dict[str, Any]:
    """Of an httpx client."""
    return {
        "base_url": url,
        "headers": {"X-API-Key": key},
        "timeout": timeout_s,
        "verify": ssl.create_default_context(cafile=ca_file or None),
        "limits": httpx.Limits(max_connections=None),
    }


def problem(answer: httpx.Response) -> Problem:
    """What an answer says is wrong. Proxies answer errors of their own, in HTML."""
    try:
        body = answer.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    wait_s = retry_after_s(answer)
    return Problem(
        str(body.get("type", "")).rpartition("/")[2] or f"http-{answer.status_code}",
        str(body.get("detail") or "") or f"The service answered {answer.status_code}.",
        retry_after_s=1.0 if wait_s is None and answer.status_code in (502, 503) else wait_s,
        request_id=answer.headers.get("x-request-id", ""),
    )


def retry_after_s(answer: httpx.Response) -> float | None:
    """Seconds to wait, if an answer says so."""
    said = answer.headers.get("retry-after", "")
    return float(said) if said.isdecimal() else None


def _cutout(answer: httpx.Response) -> Cutout:
    said = answer.headers
    stages = STAGE.findall(said.get("server-timing", ""))
    return Cutout(
        image=answer.content,
        media_type=said["content-type"],
        width=int(said["x-width"]),
        height=int(said["x-height"]),
        foreground=_box(said),
        confidence=float(said["x-confidence"]),
        model_version=said["x-model-version"],
        device=said["x-device"],
        seconds={stage: float(ms) / 1000 for stage, ms in stages},
    )


def _box(said: httpx.Headers) -> Box | None:
    if "x-foreground-top" not in said:
        return None
    sides = ("top", "left", "width", "height")
    return Box(**{side: int(said[f"x-foreground-{side}"]) for side in sides})
