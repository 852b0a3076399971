"""POST /v1/removebg: one image in, its cut-out back."""

import asyncio
import time
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.accounts.gate import Gate, Visit
from gateway.admission import Admission
from gateway.errors import BadImage, BadOption, DeadlineExceeded
from gateway.metrics import UPLOAD_BYTES_IN_FLIGHT
from gateway.options import Options, parse
from gateway.outbound import Outbound
from gateway.removal import Remover
from gateway.rest import body, openapi, sources
from gateway.rest.answers import answer
from gateway.rest.body import Body, File
from gateway.rest.disconnect import unless_gone
from gateway.rest.entrance import entrance
from gateway.rest.sources import Names
from gateway.settings import Settings

IMAGE = Names(file="image", b64="image_b64", url="image_url")
BACKDROP = Names(file="bg_image")


def router(
    remover: Remover, gate: Gate, outbound: Outbound | None, settings: Settings
) -> APIRouter:
    """Make the route around one remover.

    Args:
        remover: does the work.
        gate: lets callers in.
        outbound: fetches `image_url`; None where that is not allowed.
        settings: the limits.
    """
    routes = APIRouter()
    uploads = Admission(
        settings.max_upload_bytes_in_flight, "uploaded bytes", UPLOAD_BYTES_IN_FLIGHT
    )
    max_bytes = settings.max_image_bytes

    async def order(request: Request) -> tuple[Options, File, File | None]:
        """Everything that the request brings, or names."""
        sent = await body.read(request, max_image_bytes=max_bytes)
        options = parse(sent.fields)
        backdrop = await sources.load(sent, BACKDROP, None, max_image_bytes=max_bytes)
        if backdrop and options.bg_color:
            raise BadOption("Send bg_color or bg_image, not both.")
        return options, await image(sent), backdrop

    async def image(sent: Body) -> File:
        found = await sources.load(sent, IMAGE, outbound, max_image_bytes=max_bytes)
        if found is None:
            raise BadImage(
                "Send an image: a file in the field `image` (with curl: -F image=@photo.jpg), "
                "or base64 text in `image_b64`."
            )
        return found

    @routes.post(
        "/v1/removebg",
        operation_id="removeBackground",
        summary="Remove the background of one image",
        response_class=Response,
        responses=openapi.RESPONSES,
        openapi_extra=openapi.request_body(settings),
        tags=["Background removal"],
    )
    async def removebg(
        request: Request, visit: Annotated[Visit, Depends(entrance(gate))]
    ) -> Response:
        """Cuts out what is in front. The answer is the image, or JSON if `Accept` says so."""
        started = time.perf_counter()
        with uploads.admit(body.announced_bytes(request, max_bytes)):
            try:
                async with asyncio.timeout(settings.request_timeout_s):
                    options, file, backdrop = await order(request)
            except TimeoutError as error:
                raise DeadlineExceeded(settings.request_timeout_s) from error
            work = remover.remove(
                file.data,
                options,
                backdrop=backdrop.data if backdrop else None,
                visit=visit,
                timeout_s=settings.request_timeout_s - (time.perf_counter() - started),
            )
            result = await unless_gone(request, work)
        return await answer(request, result, file.name)

    return routes
