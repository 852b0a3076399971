"""POST /v1.0/removebg and GET /v1.0/account, as remove.bg's clients call them."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from gateway.accounts.gate import Gate, Visit
from gateway.errors import BadImage, BadRequest
from gateway.orders.order import Load, Order
from gateway.orders.sent import Sent
from gateway.orders.sources import Names
from gateway.orders.work import Work
from gateway.rest.answers import answer
from gateway.rest.carried import carried_out
from gateway.rest.compat import answers, openapi, parameters
from gateway.rest.entrance import entrance

IMAGE = Names(file="image_file", b64="image_file_b64", url="image_url")
BACKDROP = Names(file="bg_image_file", url="bg_image_url", several="multiple_bg_sources")

UNLIMITED = 1_000_000
"""Said as the balance: there are no credits to run out of, and clients expect a number."""


def router(work: Work, gate: Gate) -> APIRouter:
    """Make the routes."""
    routes = APIRouter(prefix=answers.PREFIX.rstrip("/"), tags=["remove.bg compatible"])
    entered = entrance(gate)

    async def understand(sent: Sent, load: Load) -> Order:
        has_backdrop = BACKDROP.file in sent.files or bool(sent.fields.get(BACKDROP.url))
        if has_backdrop and sent.fields.get("bg_color"):
            raise BadRequest("Send one kind of background.", BACKDROP.several)
        options = parameters.parse(sent.fields, has_backdrop=has_backdrop)
        image = await load(sent, IMAGE)
        if image is None:
            raise BadImage("Send image_file, image_file_b64 or image_url.", "missing_source")
        backdrop = await load(sent, BACKDROP)
        return Order(options, image, backdrop, parameters.headers(sent.fields))

    @routes.post(
        "/removebg",
        operation_id="removebgCompatible",
        summary="Remove the background of one image, as remove.bg does",
        response_class=Response,
        responses=openapi.RESPONSES,
        openapi_extra=openapi.REQUEST_BODY,
    )
    async def removebg(request: Request, visit: Annotated[Visit, Depends(entered)]) -> Response:
        """For code that was written for remove.bg: only the base URL and the key change."""
        result, asked = await carried_out(work, request, visit, understand)
        return await answer(request, result, asked, work.memory, as_json=answers.as_json)

    @routes.get(
        "/account",
        operation_id="accountCompatible",
        summary="Credits, of which there is no end",
        responses=openapi.ACCOUNT_RESPONSES,
    )
    async def account(visit: Annotated[Visit, Depends(entered)]) -> dict[str, object]:
        """Answers a balance that never changes: nothing here is paid for."""
        credits = {"total": UNLIMITED, "subscription": 0, "payg": 0, "enterprise": UNLIMITED}
        api = {"free_calls": UNLIMITED, "sizes": "all"}
        return {"data": {"attributes": {"credits": credits, "api": api}}}

    return routes
