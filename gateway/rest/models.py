"""GET /v1/models: the models that the caller's account may use."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller
from gateway.models.listing import describe
from gateway.requests.handler import RequestHandler
from gateway.rest.authentication import authentication
from gateway.rest.fields import Schema
from gateway.rest.openapi import RESPONSES, answer
from gateway.rest.schemas import ref

POSSIBLE_ERRORS = (401, 429, 500, 503)
FIELDS: Schema = {
    "name": {"type": "string"},
    "title": {"type": "string"},
    "version": {"type": "string"},
    "licence": {"type": "string", "description": "Of the weights, as the operator declared it."},
    "non_commercial": {"type": "boolean"},
    "default": {"type": "boolean", "description": "Whether it is used when none is named."},
    "devices": {"type": "array", "items": {"type": "string"}},
    "seconds_per_image": {
        "type": ["number", "null"],
        "description": "Measured; null before the first image.",
    },
}
SCHEMAS: dict[str, Schema] = {
    "Model": {"type": "object", "required": [*FIELDS], "properties": FIELDS}
}
LIST: Schema = {
    "type": "object",
    "required": ["models"],
    "properties": {"models": {"type": "array", "items": ref("Model")}},
}


def router(handler: RequestHandler, authenticator: Authenticator) -> APIRouter:
    """Return the route."""
    routes = APIRouter()

    @routes.get(
        "/v1/models",
        operation_id="listModels",
        summary="List the models",
        response_model=None,
        responses=answer(LIST) | {status: RESPONSES[status] for status in POSSIBLE_ERRORS},
        tags=["Background removal"],
    )
    async def list_models(
        caller: Annotated[Caller, Depends(authentication(authenticator))],
    ) -> dict[str, list[dict[str, Any]]]:
        """Return the models that your account may use; the first is the one you get by default.

        `licence` is that of the weights, as the operator declared it. `seconds_per_image` is
        measured, and null before the first image.
        """
        return {"models": describe(handler.remover.models, caller.key.models)}

    return routes
