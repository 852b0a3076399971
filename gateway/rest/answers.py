"""Results as HTTP answers: the image itself, or JSON that contains it."""

import asyncio
import base64
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from fastapi import Request, Response

from gateway.limits.admission import Admission
from gateway.options import SUFFIXES
from gateway.requests.removal_request import RemovalRequest
from gateway.rest.streamed_response import StreamedResponse
from gateway.results import Result

MAX_STEM_LENGTH = 100
NOT_ACCEPTED = re.compile(r";q=0(\.0*)?$")


def as_json(result: Result) -> bytes:
    """Return a result as JSON, its image as base64."""
    return json.dumps(json_fields(result)).encode()


def json_fields(result: Result) -> dict[str, Any]:
    """Return a result as a JSON object, its image as base64."""
    return {
        "image_b64": base64.b64encode(result.data).decode(),
        "media_type": result.media_type,
        "width": result.width,
        "height": result.height,
        "foreground": asdict(result.foreground) if result.foreground else None,
        "confidence": round(result.confidence, 3),
        "model_version": result.model_version,
        "device": result.device,
        "model": result.model,
    }


async def answer(
    request: Request,
    result: Result,
    removal: RemovalRequest,
    memory: Admission,
    *,
    as_json: Callable[[Result], bytes] = as_json,
) -> Response:
    """Return a result in the form that the request's Accept header prefers.

    Args:
        request: the HTTP request.
        result: the cut-out.
        removal: what was requested.
        memory: counts the answer until it is sent.
        as_json: serialises the result; runs in a thread, since it encodes megabytes of base64.
    """
    answer_headers = headers(result) | removal.answer_headers
    if wants_json(request.headers.get("accept", "")):
        body = await asyncio.to_thread(as_json, result)
        media_type = "application/json"
        return StreamedResponse(body, memory, media_type=media_type, headers=answer_headers)
    answer_headers["Content-Disposition"] = disposition(removal, result.media_type)
    media_type = result.media_type
    return StreamedResponse(result.data, memory, media_type=media_type, headers=answer_headers)


def disposition(removal: RemovalRequest, media_type: str) -> str:
    """Return the header that gives an answer's file a name, made from the image's."""
    stem = PurePath(removal.image.name).stem[:MAX_STEM_LENGTH]
    name = quote(f"{stem}-cutout.{SUFFIXES[media_type]}", errors="replace")
    return f"inline; filename*=utf-8''{name}"


def accepted(accept: str) -> list[str]:
    """Return the media types that an Accept header names, without those of quality 0."""
    parts = (part.replace(" ", "").lower() for part in accept.split(","))
    return [part.partition(";")[0] for part in parts if not NOT_ACCEPTED.search(part)]


def wants_json(accept: str) -> bool:
    """Return whether an Accept header names JSON and no image type."""
    kinds = accepted(accept)
    return "application/json" in kinds and not any(kind.startswith("image/") for kind in kinds)


def headers(result: Result) -> dict[str, str]:
    """Return the headers that describe a result."""
    described = {
        "Vary": "Accept",
        "Server-Timing": ", ".join(
            f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in result.seconds.items()
        ),
        "X-Width": str(result.width),
        "X-Height": str(result.height),
        "X-Confidence": f"{result.confidence:.3f}",
        "X-Model-Version": result.model_version,
        "X-Device": result.device,
        "X-Model": result.model,
    }
    if box := result.foreground:
        described |= {
            f"X-Foreground-{side.title()}": str(pixels) for side, pixels in asdict(box).items()
        }
    return described
