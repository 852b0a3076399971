"""POST /v1/removebg: one image in, its cut-out back."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.accounts.gate import Gate, Visit
from gateway.orders.work import Work
from gateway.rest import openapi
from gateway.rest.answers import answer
from gateway.rest.carried import carried_out
from gateway.rest.entrance import entrance
from gateway.settings import Settings


def router(work: Work, gate: Gate, settings: Settings) -> APIRouter:
    """Make the route."""
    routes = APIRouter()

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
        result, asked = await carried_out(work, request, visit)
        return await answer(request, result, asked, work.memory)

    return routes
