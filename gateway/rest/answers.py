"""Results as HTTP answers: the image itself, or JSON with the image in it."""

import asyncio
import base64
import json
import re
from collections.abc import Callable
from dataclasses import asdict
from pathlib import PurePath
from urllib.parse import quote

from fastapi import Request, Response

from gateway.admission import Admission
from gateway.options import SUFFIXES
from gateway.orders.order import Order
from gateway.removal import Result
from gateway.rest.outgoing import Outgoing

MAX_STEM_LENGTH = 100
REFUSED = re.compile(r";q=0(\.0*)?$")


def as_json(result: Result) -> bytes:
    """A result with its image as base64."""
    body = {
        "image_b64": base64.b64encode(result.data).decode(),
        "media_type": result.media_type,
        "width": result.width,
        "height": result.height,
        "foreground": asdict(result.foreground) if result.foreground else None,
        "confidence": round(result.confidence, 3),
        "model_version": result.model_version,
        "device": result.device,
    }
    return json.dumps(body).encode()


async def answer(
    request: Request,
    result: Result,
    order: Order,
    memory: Admission,
    *,
    as_json: Callable[[Result], bytes] = as_json,
) -> Response:
    """Say a result as the request's Accept header asks for it.

    Args:
        request: asks.
        result: is said.
        order: what was asked for.
        memory: where the answer counts until it is sent.
        as_json: says it as JSON, in a thread: there are megabytes of base64 in it.
    """
    said = headers(result) | order.said
    if wants_json(request.headers.get("accept", "")):
        body = await asyncio.to_thread(as_json, result)
        return Outgoing(body, memory, media_type="application/json", headers=said)
    stem = PurePath(order.image.name).stem[:MAX_STEM_LENGTH]
    name = quote(f"{stem}-cutout.{SUFFIXES[result.media_type]}", errors="replace")
    said["Content-Disposition"] = f"inline; filename*=utf-8''{name}"
    return Outgoing(result.data, memory, media_type=result.media_type, headers=said)


def wants_json(accept: str) -> bool:
    """JSON is what was asked for by name, and no image was."""
    parts = (part.replace(" ", "").lower() for part in accept.split(","))
    kinds = [part.partition(";")[0] for part in parts if not REFUSED.search(part)]
    return "application/json" in kinds and not any(kind.startswith("image/") for kind in kinds)


def headers(result: Result) -> dict[str, str]:
    """What is said beside the image."""
    said = {
        "Vary": "Accept",
        "Server-Timing": ", ".join(
            f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in result.seconds.items()
        ),
        "X-Width": str(result.width),
        "X-Height": str(result.height),
        "X-Confidence": f"{result.confidence:.3f}",
        "X-Model-Version": result.model_version,
        "X-Device": result.device,
    }
    if box := result.foreground:
        said |= {
            f"X-Foreground-{side.title()}": str(pixels) for side, pixels in asdict(box).items()
        }
    return said
