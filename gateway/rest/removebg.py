"""POST /v1/removebg: one image in, its cut-out back."""

from contextlib import ExitStack
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.accounts.gate import Gate, Visit
from gateway.errors import BadImage, BadOption
from gateway.options import parse
from gateway.rest import openapi
from gateway.rest.answers import answer
from gateway.rest.body import Body
from gateway.rest.entrance import entrance
from gateway.rest.sources import Names
from gateway.rest.work import Order, Work
from gateway.settings import Settings

IMAGE = Names(file="image", b64="image_b64", url="image_url")
BACKDROP = Names(file="bg_image")


def router(work: Work, gate: Gate, settings: Settings) -> APIRouter:
    """Make the route."""
    routes = APIRouter()

    async def order(sent: Body, held: ExitStack) -> Order:
        options = parse(sent.fields)
        backdrop = await work.load(sent, BACKDROP, held)
        if backdrop and options.bg_color:
            raise BadOption("Send bg_color or bg_image, not both.")
        image = await work.load(sent, IMAGE, held)
        if image is None:
            raise BadImage(
                "Send an image: a file in the field `image` (with curl: -F image=@photo.jpg), "
                "or base64 text in `image_b64`."
            )
        return Order(options, image, backdrop)

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
        result, asked = await work.do(request, visit, order)
        return await answer(request, result, asked, work.memory)

    return routes
