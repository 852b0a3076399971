"""POST /v1/removebg: one image in, its cut-out out."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller
from gateway.requests.handler import RequestHandler
from gateway.rest import openapi, variants
from gateway.rest.authentication import authentication
from gateway.rest.execute import execute
from gateway.settings import Settings


def router(handler: RequestHandler, authenticator: Authenticator, settings: Settings) -> APIRouter:
    """Return the route."""
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
        request: Request, caller: Annotated[Caller, Depends(authentication(authenticator))]
    ) -> Response:
        """Return the cut-out as an image, or as JSON if `Accept` names it.

        With `variants`, return all results as a ZIP, or as multipart/mixed or JSON likewise.
        """
        done, removal = await execute(handler, request, caller)
        return await variants.answer(request, done, removal, handler.memory)

    return routes
