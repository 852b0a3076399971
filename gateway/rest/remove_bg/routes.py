"""POST /v1.0/removebg and GET /v1.0/account, as remove.bg's clients call them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller
from gateway.errors import BadImage, BadRequest
from gateway.requests.handler import RequestHandler
from gateway.requests.image_sources import Names
from gateway.requests.payload import Payload
from gateway.requests.removal_request import Load, RemovalRequest
from gateway.rest.answers import answer
from gateway.rest.authentication import authentication
from gateway.rest.execute import execute
from gateway.rest.remove_bg import answers, openapi, parameters

IMAGE = Names(file="image_file", b64="image_file_b64", url="image_url")
BACKDROP = Names(file="bg_image_file", url="bg_image_url", several="multiple_bg_sources")

UNLIMITED = 1_000_000
"""Reported balance of a key without a quota, since clients expect a number."""


def router(handler: RequestHandler, authenticator: Authenticator) -> APIRouter:
    """Return the routes."""
    routes = APIRouter(prefix=answers.PREFIX.rstrip("/"), tags=["remove.bg compatible"])
    authenticated = authentication(authenticator)

    async def parse(payload: Payload, load: Load) -> RemovalRequest:
        has_backdrop = BACKDROP.file in payload.files or bool(payload.fields.get(BACKDROP.url))
        if has_backdrop and payload.fields.get("bg_color"):
            raise BadRequest("Send one kind of background.", BACKDROP.several)
        options = parameters.parse(payload.fields, has_backdrop=has_backdrop)
        image = await load(payload, IMAGE)
        if image is None:
            raise BadImage("Send image_file, image_file_b64 or image_url.", "missing_source")
        backdrop = await load(payload, BACKDROP)
        answer_headers = parameters.headers(payload.fields)
        return RemovalRequest(options, image, backdrop, answer_headers=answer_headers)

    @routes.post(
        "/removebg",
        operation_id="removebgCompatible",
        summary="Remove the background of one image, as remove.bg does",
        response_class=Response,
        responses=openapi.RESPONSES,
        openapi_extra=openapi.REQUEST_BODY,
    )
    async def removebg(
        request: Request, caller: Annotated[Caller, Depends(authenticated)]
    ) -> Response:
        """Serve clients written for remove.bg: only their base URL and API key change."""
        (result,), removal = await execute(handler, request, caller, parse)
        return await answer(request, result, removal, handler.memory, as_json=answers.as_json)

    @routes.get(
        "/account",
        operation_id="accountCompatible",
        summary="Credits: what is left of the key's monthly quota",
        responses=openapi.ACCOUNT_RESPONSES,
    )
    async def account(caller: Annotated[Caller, Depends(authenticated)]) -> dict[str, object]:
        """Return what is left of the key's quota; without a quota, a constant balance."""
        left = caller.images_left
        return {"data": {"attributes": _credits(UNLIMITED if left is None else left)}}

    return routes


def _credits(balance: int) -> dict[str, object]:
    credits = {"total": balance, "subscription": 0, "payg": 0, "enterprise": balance}
    return {"credits": credits, "api": {"free_calls": balance, "sizes": "all"}}
