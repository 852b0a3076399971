"""OpenAPI description of the remove.bg compatible routes."""

from collections.abc import Iterator
from typing import Any

from gateway.errors import GatewayError
from gateway.options import Format
from gateway.rest import openapi, schemas
from gateway.rest.remove_bg.answers import STATUSES
from gateway.rest.remove_bg.parameters import FORMATS, SHADOW_TYPES, SIZES

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
BINARY: Schema = {"type": "string", "format": "binary"}
FLAG: Schema = {"type": "boolean", "default": False}


def _text(description: str, default: str = "", **more: object) -> Schema:
    return TEXT | {"description": description} | ({"default": default} if default else {}) | more


FILES: dict[str, Schema] = {
    "image_file": BINARY | {"description": "The image."},
    "bg_image_file": BINARY | {"description": "Image to lay behind the subject."},
}

PARAMETERS: dict[str, Schema] = {
    "image_file_b64": _text("The image as base64 text.", contentEncoding="base64"),
    "image_url": _text("URL of the image, if the operator allows URLs.", format="uri"),
    "size": _text("Size of the result.", "preview", enum=[*SIZES, "50MP"]),
    "type": _text("Accepted; subjects are not classified.", "auto"),
    "type_level": _text("`none` leaves `X-Type` out, which is always `other`.", "1"),
    "format": _text("`auto` is jpg where nothing is transparent.", "auto", enum=[*FORMATS]),
    "roi": _text("Region that may contain the subject: x1 y1 x2 y2, px or %.", "0% 0% 100% 100%"),
    "crop": FLAG | {"description": "Crop the result to the subject."},
    "crop_margin": _text("Margin left by crop: 1, 2 or 4 lengths, px or %.", "0"),
    "scale": _text("Size of the subject: 10% to 100% of the result's sides.", "original"),
    "position": _text("Position of the subject: original, center, or x% [y%].", "original"),
    "channels": _text("`alpha` returns only the alpha channel.", "rgba", enum=["rgba", "alpha"]),
    "add_shadow": FLAG | {"description": "Same as shadow_type=drop."},
    "shadow_type": _text("Every value except none gives a soft drop shadow.", enum=[*SHADOW_TYPES]),
    "shadow_opacity": _text("0 to 100, or auto: 90 for car, else 50.", "auto"),
    "semitransparency": FLAG | {"default": True, "description": "Accepted; has no effect."},
    "bg_color": _text("Hex code of 3, 4, 6 or 8 digits, or a name."),
    "bg_image_url": _text("URL of the background, if the operator allows URLs.", format="uri"),
}


def _body() -> Schema:
    text = {"type": "object", "properties": PARAMETERS}
    multipart = {"type": "object", "properties": FILES | PARAMETERS}
    content = {
        "multipart/form-data": {"schema": multipart},
        "application/x-www-form-urlencoded": {"schema": text},
        "application/json": {"schema": text},
    }
    return {"requestBody": {"required": True, "content": content}}


REQUEST_BODY = _body()

ERRORS: Schema = {
    "type": "object",
    "required": ["errors"],
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["title", "code", "detail"],
                "properties": {"title": TEXT, "code": TEXT, "detail": TEXT},
            },
        }
    },
}

JSON_RESULT: Schema = {
    "type": "object",
    "properties": {
        "data": {
            "type": "object",
            "properties": {"result_b64": TEXT}
            | {f"foreground_{side.lower()}": schemas.INTEGER for side in schemas.BOX},
        }
    },
}

HEADERS = (
    openapi.REQUEST_ID
    | openapi.RESULT_HEADERS
    | openapi.RATE_HEADERS
    | {
        "X-Type": {"description": "Always `other`.", "schema": TEXT},
        "X-Credits-Charged": {"description": "One per image.", "schema": schemas.INTEGER},
    }
)


def _errors() -> Iterator[tuple[int | str, Schema]]:
    by_status: dict[int, list[type[GatewayError]]] = {}
    for kind in openapi.public_errors():
        by_status.setdefault(STATUSES.get(kind, kind.http.value), []).append(kind)
    for status, kinds in sorted(by_status.items()):
        retry = openapi.RETRY_AFTER if status in (402, 429, 503) else {}
        yield (
            status,
            {
                "description": "; ".join(kind.title for kind in kinds),
                "headers": openapi.REQUEST_ID | openapi.RATE_HEADERS | retry,
                "content": {
                    "application/json": {
                        "schema": ERRORS,
                        "examples": {kind.code: {"value": _example(kind)} for kind in kinds},
                    }
                },
            },
        )


def _example(kind: type[GatewayError]) -> Schema:
    detail = " ".join((kind.__doc__ or "").split())
    return {"errors": [{"title": kind.title, "code": kind.code, "detail": detail}]}


RESPONSES: dict[int | str, Schema] = {
    200: {
        "description": "The result.",
        "headers": HEADERS,
        "content": {kind.media_type: {"schema": BINARY} for kind in Format}
        | {"application/json": {"schema": JSON_RESULT}},
    },
    **dict(_errors()),
}

ACCOUNT_RESPONSES: dict[int | str, Schema] = {
    status: RESPONSES[status] for status in (403, 429, 500, 503)
}
