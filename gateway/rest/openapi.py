"""OpenAPI descriptions that FastAPI cannot derive from the code: bodies, headers, errors."""

from collections.abc import Collection, Iterator
from http import HTTPStatus

from gateway.errors import (
    OF_DASHBOARD,
    ClientGone,
    GatewayError,
    IdleStream,
    InProgress,
    JobsUnavailable,
    KeyReused,
    NoDelivery,
    NoForeground,
    NoJob,
    NoKey,
    NoResult,
)
from gateway.options import Format
from gateway.problems import error_classes
from gateway.rest.body import READERS
from gateway.rest.fields import (
    FILES,
    OPTIONS,
    TEXT_SOURCES,
    VARIANTS,
    VARIANTS_TEXT,
    Schema,
)
from gateway.rest.schemas import BOX, INTEGER, JSON_RESULT, JSON_RESULTS, ref
from gateway.settings import Settings

RATE_HEADERS: dict[str, Schema] = {
    "RateLimit-Policy": {
        "description": "The key's limits (IETF draft 11).",
        "schema": {"type": "string"},
        "example": '"requests";q=500;w=60, "megapixels";q=500;w=60',
    },
    "RateLimit": {
        "description": "Remaining quota of each limit (r), and seconds until it resets (t).",
        "schema": {"type": "string"},
        "example": '"requests";r=499;t=60, "megapixels";r=488;t=60',
    },
    "X-RateLimit-Limit": {"description": "Of the limit closest to its end.", "schema": INTEGER},
    "X-RateLimit-Remaining": {"description": "Of the limit closest to its end.", "schema": INTEGER},
    "X-RateLimit-Reset": {"description": "Unix time of its reset, in seconds.", "schema": INTEGER},
}

REQUEST_ID: dict[str, Schema] = {
    "X-Request-Id": {
        "description": "The one you sent, or a new one; the service logs it.",
        "schema": {"type": "string"},
    }
}

RETRY_AFTER: dict[str, Schema] = {
    "Retry-After": {"description": "Seconds after which to retry.", "schema": INTEGER}
}

RESULT_HEADERS: dict[str, Schema] = {
    "X-Width": {"description": "Of the result, in pixels.", "schema": INTEGER},
    "X-Height": {"description": "Of the result, in pixels.", "schema": INTEGER},
    **{
        f"X-Foreground-{side}": {
            "description": "Box around the foreground, in pixels of the result. Absent when "
            "nothing was found.",
            "schema": INTEGER,
        }
        for side in BOX
    },
    "X-Confidence": {
        "description": "How sure the model is of what it kept, 0 to 1; 0 when nothing was found.",
        "schema": {"type": "number", "minimum": 0, "maximum": 1},
    },
    "X-Model-Version": {
        "description": "Version of the weights, and the precision; empty with a `mask`.",
        "schema": {"type": "string"},
    },
    "X-Device": {
        "description": "Where the model ran; `cache` if the mask was known, `none` with a `mask`.",
        "schema": {"type": "string", "enum": ["triton-gpu", "triton-cpu", "cpu", "cache", "none"]},
    },
    "X-Model": {
        "description": "Name of the model; empty with a `mask`.",
        "schema": {"type": "string"},
    },
    "Server-Timing": {"description": "Milliseconds by stage.", "schema": {"type": "string"}},
}


def answer(schema: Schema, status: HTTPStatus = HTTPStatus.OK) -> dict[int | str, Schema]:
    """Return the description of an answer in JSON; its route has `response_model=None`."""
    return {
        status.value: {
            "headers": REQUEST_ID | RATE_HEADERS,
            "content": {"application/json": {"schema": schema}},
        }
    }


def request_body(settings: Settings) -> Schema:
    """Return the body of /v1/removebg in its three content types."""
    limits = (
        f"JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC, detected by its content; at most "
        f"{settings.max_image_bytes / 2**20:g} MB and {settings.max_image_pixels / 1e6:g} MP."
    )
    files = FILES | {"image": FILES["image"] | {"description": f"The image: {limits}"}}
    one_of = [{"required": ["image_b64"]}, {"required": ["image_url"]}]
    json_fields = TEXT_SOURCES | OPTIONS | {"variants": VARIANTS}
    form_fields = TEXT_SOURCES | OPTIONS | {"variants": VARIANTS_TEXT}
    schemas: dict[str, Schema] = {
        "multipart/form-data": {
            "type": "object",
            "properties": files | form_fields,
            "oneOf": [{"required": ["image"]}, *one_of],
        },
        "application/x-www-form-urlencoded": {
            "type": "object",
            "properties": form_fields,
            "oneOf": one_of,
        },
        "application/json": {"type": "object", "properties": json_fields, "oneOf": one_of},
    }
    content = {name: {"schema": schemas[name]} for name in READERS}
    return {"requestBody": {"required": True, "content": content}}


def public_errors() -> Iterator[type[GatewayError]]:
    """Yield every class of errors that a client of the APIs may see."""
    for each in error_classes():
        if not each.__name__.startswith("_") and each not in (ClientGone, *OF_DASHBOARD):
            yield each


EXPOSED = [*REQUEST_ID, *RETRY_AFTER, *RATE_HEADERS, *RESULT_HEADERS, "Content-Disposition"]
"""Headers that pages of other origins may read: `*` does not cover requests with a key."""


NOT_OF_REMOVEBG = (
    NoForeground,
    NoJob,
    NoResult,
    NoDelivery,
    NoKey,
    InProgress,
    KeyReused,
    JobsUnavailable,
    IdleStream,
)
"""Errors that only other routes and gRPC have."""


def errors(but: Collection[type[GatewayError]]) -> Iterator[tuple[int | str, Schema]]:
    """Yield the error answers of a route, by status.

    Args:
        but: errors that the route does not have.
    """
    possible = [each for each in public_errors() if each not in but]
    for status in sorted({each.http for each in possible}):
        classes = [each for each in possible if each.http is status]
        retry = RETRY_AFTER if status in (429, 503) else {}
        limited = {} if status == 401 else RATE_HEADERS
        yield (
            status.value,
            {
                "description": "; ".join(each.title for each in classes),
                "headers": REQUEST_ID | retry | limited,
                "content": {
                    "application/problem+json": {
                        "schema": ref("Problem"),
                        "examples": {each.slug: {"value": _example(each)} for each in classes},
                    }
                },
            },
        )


def _example(error: type[GatewayError]) -> Schema:
    return {
        "type": f"/problems/{error.slug}",
        "title": error.title,
        "status": error.http.value,
        "detail": " ".join((error.__doc__ or "").split()),
        "request_id": "1c1f0d5d4e7a4a0f8b5f0d2f7c9e6a31",
    }


RESPONSES: dict[int | str, Schema] = {
    HTTPStatus.OK.value: {
        "description": "The result; with `variants` all results, as a ZIP unless `Accept` names "
        "`multipart/mixed` or `application/json`.",
        "headers": REQUEST_ID | RESULT_HEADERS | RATE_HEADERS,
        "content": {
            kind.media_type: {"schema": {"type": "string", "format": "binary"}} for kind in Format
        }
        | {
            "application/json": {"schema": {"oneOf": [JSON_RESULT, JSON_RESULTS]}},
            "multipart/mixed": {"schema": {"type": "string", "format": "binary"}},
        },
    },
    **dict(errors(NOT_OF_REMOVEBG)),
}
