"""POST /v1/removebg: one image in, its cut-out back."""

import asyncio
import time
from pathlib import PurePath
from typing import Annotated
from urllib.parse import quote

from fastapi import APIRouter, Depends, Header, Request, Response

from gateway.accounts.keys import ApiKey, KeyStore
from gateway.admission import Admission
from gateway.errors import DeadlineExceeded, InvalidKey
from gateway.metrics import UPLOAD_BYTES_IN_FLIGHT
from gateway.options import parse
from gateway.removal import Remover, Result
from gateway.rest.disconnect import unless_gone
from gateway.rest.form import announced_bytes, read_form
from gateway.settings import Settings


def router(remover: Remover, keys: KeyStore, settings: Settings) -> APIRouter:
    """Make the route around one remover."""
    routes = APIRouter()
    uploads = Admission(
        settings.max_upload_bytes_in_flight, "uploaded bytes", UPLOAD_BYTES_IN_FLIGHT
    )

    async def authenticated(x_api_key: Annotated[str, Header()] = "") -> ApiKey:
        if not x_api_key:
            raise InvalidKey
        if key := keys.cached(x_api_key):
            return key
        return await asyncio.to_thread(keys.check, x_api_key)

    @routes.post("/v1/removebg", response_class=Response)
    async def removebg(
        request: Request, key: Annotated[ApiKey, Depends(authenticated)]
    ) -> Response:
        """Remove the background of one image."""
        started = time.perf_counter()
        most = min(announced_bytes(request, settings.max_image_bytes), settings.max_image_bytes)
        with uploads.admit(most):
            try:
                async with asyncio.timeout(settings.request_timeout_s):
                    form = await read_form(request, max_image_bytes=settings.max_image_bytes)
            except TimeoutError as error:
                raise DeadlineExceeded(settings.request_timeout_s) from error
            left_s = settings.request_timeout_s - (time.perf_counter() - started)
            work = remover.remove(form.image, parse(form.fields), timeout_s=left_s)
            result = await unless_gone(request, work)
        return Response(
            result.data, media_type=result.media_type, headers=headers(result, form.file_name)
        )

    return routes


def headers(result: Result, file_name: str) -> dict[str, str]:
    """What the answer says beside the image."""
    suffix = "jpg" if result.media_type == "image/jpeg" else result.media_type.partition("/")[2]
    name = quote(f"{PurePath(file_name).stem}-cutout.{suffix}")
    said = {
        "Content-Disposition": f"inline; filename*=utf-8''{name}",
        "Server-Timing": ", ".join(
            f"{stage};dur={seconds * 1000:.1f}" for stage, seconds in result.seconds.items()
        ),
        "X-Width": str(result.width),
        "X-Height": str(result.height),
        "X-Model-Version": result.model_version,
        "X-Device": result.device,
    }
    if box := result.foreground:
        said |= {
            "X-Foreground-Top": str(box.top),
            "X-Foreground-Left": str(box.left),
            "X-Foreground-Width": str(box.width),
            "X-Foreground-Height": str(box.height),
        }
    return said
