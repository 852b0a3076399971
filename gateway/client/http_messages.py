"""Removal requests as multipart forms, and HTTP responses as cut-outs and problems."""

import re
from collections.abc import Iterator
from typing import Any

import httpx

from gateway.client.cutout import Box, Cutout
from gateway.client.problem import Problem, unexpected_response
from gateway.client.removal_request import RemovalRequest

STAGE = re.compile(r"(\w+);dur=([0-9.]+)")
"""One stage of a Server-Timing header: its name and milliseconds."""
MULTIPART = re.compile(r"multipart/mixed; *boundary=(\w+)")
PROXY_RETRY_AFTER_S = 1.0
"""For a 502 or 503 without Retry-After: a proxy sends them while a service restarts."""


def form(request: RemovalRequest) -> dict[str, Any]:
    """Return the arguments of an httpx request that send a removal request."""
    return {
        "files": {"image": request.image, **request.files},
        "data": request.form_fields,
        "headers": {"Accept": "multipart/mixed"} if request.variants else {},
    }


def cutouts(response: httpx.Response) -> list[Cutout]:
    """Parse the response to a removal request: one cut-out, or that of each variant.

    Raises:
        Problem: the response is an error, or not ClearBG's.
    """
    if response.status_code != httpx.codes.OK:
        raise problem(response)
    try:
        if multipart := MULTIPART.fullmatch(response.headers["content-type"]):
            return [_cutout(*part) for part in _parts(response.content, multipart[1])]
        return [_cutout(response.headers, response.content)]
    except (KeyError, ValueError) as error:
        raise unexpected_response(response.headers.get("content-type", "")) from error


def problem(response: httpx.Response) -> Problem:
    """Parse an error response; proxies send errors of their own, in HTML."""
    try:
        body = response.json()
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    wait_s = retry_after_s(response)
    if wait_s is None and response.status_code in (502, 503):
        wait_s = PROXY_RETRY_AFTER_S
    return Problem(
        str(body.get("type", "")).rpartition("/")[2] or f"http-{response.status_code}",
        str(body.get("detail") or "") or f"The service answered {response.status_code}.",
        retry_after_s=wait_s,
        request_id=response.headers.get("x-request-id", ""),
    )


def retry_after_s(response: httpx.Response) -> float | None:
    """Return the seconds of the Retry-After header; None without one."""
    value = response.headers.get("retry-after", "")
    return float(value) if value.isdecimal() else None


def _parts(body: bytes, boundary: str) -> Iterator[tuple[httpx.Headers, bytes]]:
    """Yield headers and content of the parts of multipart/mixed, each of which has its length."""
    start = f"--{boundary}\r\n".encode()
    at = 0
    while body.startswith(start, at):
        head = body[at + len(start) : body.index(b"\r\n\r\n", at)]
        lines = (line.partition(": ") for line in head.decode().split("\r\n"))
        headers = httpx.Headers([(name, value) for name, _, value in lines])
        begin = at + len(start) + len(head) + 4
        end = begin + int(headers["content-length"])
        yield headers, body[begin:end]
        at = end + 2


def _cutout(headers: httpx.Headers, image: bytes) -> Cutout:
    stages = STAGE.findall(headers.get("server-timing", ""))
    return Cutout(
        image=image,
        media_type=headers["content-type"],
        width=int(headers["x-width"]),
        height=int(headers["x-height"]),
        foreground=_foreground(headers),
        confidence=float(headers["x-confidence"]),
        model_version=headers["x-model-version"],
        device=headers["x-device"],
        seconds={stage: float(ms) / 1000 for stage, ms in stages},
        model=headers.get("x-model", ""),
    )


def _foreground(headers: httpx.Headers) -> Box | None:
    if "x-foreground-top" not in headers:
        return None
    sides = ("top", "left", "width", "height")
    return Box(**{side: int(headers[f"x-foreground-{side}"]) for side in sides})
