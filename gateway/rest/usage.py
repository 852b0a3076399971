"""GET /v1/usage: what the caller's account used."""

import time
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import JSONResponse

from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller
from gateway.accounts.usage_report import Period, Step
from gateway.accounts.usage_text import as_csv, as_json
from gateway.errors import (
    AccountsUnavailable,
    BadOption,
    BadRequest,
    GatewayError,
    InvalidKey,
    LimitsUnavailable,
    NoKey,
    RateLimited,
)
from gateway.rest import openapi
from gateway.rest.authentication import authentication
from gateway.rest.fields import Schema
from gateway.rest.schemas import INTEGER, TIME, ref

POSSIBLE_ERRORS = {
    *(BadRequest, BadOption, InvalidKey, NoKey, RateLimited),
    *(LimitsUnavailable, AccountsUnavailable, GatewayError),
}
MAX_KEY_ID = 2**31 - 1
NUMBER_OR_NULL: Schema = {"type": ["number", "null"]}
FIGURES: dict[str, Schema] = {
    "requests": INTEGER | {"description": "Answered over HTTP and gRPC, errors included."},
    "images": INTEGER | {"description": "Cut out, those of bulk jobs included: one credit each."},
    "megapixels": {"type": "number", "description": "Of these images, as they were sent."},
    "errors": {
        "type": "object",
        "description": "Requests and bulk images that failed, by the problem's type.",
        "additionalProperties": INTEGER,
        "examples": [{"bad-image": 2}],
    },
    "latency_s": {
        "type": "object",
        "description": "Of requests with an image, interpolated in a histogram; null without any.",
        "required": ["p50", "p95"],
        "properties": {"p50": NUMBER_OR_NULL, "p95": NUMBER_OR_NULL},
    },
}


def _list(**own: Schema) -> Schema:
    properties = own | FIGURES
    items = {"type": "object", "required": [*properties], "properties": properties}
    return {"type": "array", "items": items}


REPORT: Schema = {
    "type": "object",
    "required": ["from", "to", "step", "total", "keys", "buckets"],
    "properties": {
        "from": TIME,
        "to": TIME,
        "step": {"type": "string", "enum": ["minute", "day"]},
        "total": {"type": "object", "required": [*FIGURES], "properties": FIGURES},
        "keys": _list(id=INTEGER, name={"type": "string"}),
        "buckets": _list(at=TIME),
    },
}
SCHEMAS: dict[str, Schema] = {"UsageReport": REPORT}
RESPONSES: dict[int | str, Schema] = {
    HTTPStatus.OK.value: {
        "description": "What was used; minutes, days and keys without use are left out.",
        "headers": openapi.REQUEST_ID | openapi.RATE_HEADERS,
        "content": {
            "application/json": {"schema": ref("UsageReport")},
            "text/csv": {"schema": {"type": "string"}},
        },
    },
    **dict(
        openapi.errors([each for each in openapi.public_errors() if each not in POSSIBLE_ERRORS])
    ),
}


def router(authenticator: Authenticator) -> APIRouter:
    """Return the route."""
    routes = APIRouter()

    @routes.get(
        "/v1/usage",
        operation_id="getUsage",
        summary="What your account used",
        response_class=Response,
        responses=RESPONSES,
        tags=["Usage"],
    )
    async def get_usage(
        caller: Annotated[Caller, Depends(authentication(authenticator))],
        start: Annotated[
            datetime | None,
            Query(
                alias="from",
                description="ISO 8601, without a time zone in UTC. Default: an hour before `to` by "
                "minutes, 30 days by days.",
            ),
        ] = None,
        end: Annotated[datetime | None, Query(alias="to", description="Default: now.")] = None,
        step: Annotated[
            Step, Query(description="Minutes are kept for two days, days forever.")
        ] = "day",
        format_: Annotated[Literal["json", "csv"], Query(alias="format")] = "json",
        key: Annotated[
            int | None, Query(ge=1, le=MAX_KEY_ID, description="Id of one key. Default: all.")
        ] = None,
    ) -> Response:
        """Return requests, images, megapixels, errors and latencies, as of a few seconds ago."""
        period = Period.parse(start, end, step, time.time())
        report = await authenticator.usage.reports.read(caller.key.account_id, period, key)
        if format_ == "csv":
            return Response(as_csv(report), media_type="text/csv")
        body: dict[str, Any] = as_json(report)
        return JSONResponse(body)

    return routes
