"""OpenAPI schemas of answers that several routes share, and how the document names schemas."""

from typing import Any

from fastapi import FastAPI

from gateway.rest.fields import Schema

INTEGER: Schema = {"type": "integer"}
TEXT_OR_NULL: Schema = {"type": ["string", "null"]}
TIME: Schema = {"type": "string", "format": "date-time"}
TIME_OR_NULL: Schema = {"type": ["string", "null"], "format": "date-time"}
BOX = ("Top", "Left", "Width", "Height")

JSON_RESULT: Schema = {
    "type": "object",
    "required": ["image_b64", "media_type", "width", "height", "foreground", "confidence"],
    "properties": {
        "image_b64": {"type": "string", "contentEncoding": "base64"},
        "media_type": {"type": "string", "examples": ["image/png"]},
        "width": INTEGER,
        "height": INTEGER,
        "foreground": {
            "type": ["object", "null"],
            "description": "Box around the foreground; null when nothing was found.",
            "required": [side.lower() for side in BOX],
            "properties": {side.lower(): INTEGER for side in BOX},
        },
        "confidence": {"type": "number", "minimum": 0, "maximum": 1},
        "model_version": {"type": "string"},
        "device": {"type": "string"},
        "model": {"type": "string"},
    },
}

JSON_RESULTS: Schema = {
    "type": "object",
    "description": "With `variants`.",
    "required": ["variants"],
    "properties": {"variants": {"type": "array", "items": JSON_RESULT}},
}

PROBLEM: Schema = {
    "type": "object",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "request_id"],
    "properties": {
        "type": {"type": "string", "description": "Names the problem; never changes."},
        "title": {"type": "string"},
        "status": INTEGER,
        "detail": {"type": "string", "description": "What is wrong and what to change."},
        "request_id": {"type": ["string", "null"]},
        "field": {"type": "string", "description": "Name of the invalid option, if any."},
    },
}


def ref(name: str) -> Schema:
    """Return the reference to a schema of `install`."""
    return {"$ref": f"#/components/schemas/{name}"}


def install(app: FastAPI, schemas: dict[str, Schema]) -> None:
    """Add schemas to the app's document, for the answers that refer to them."""
    described = app.openapi

    def openapi() -> dict[str, Any]:
        document = described()
        document["components"]["schemas"] |= schemas
        return document

    app.openapi = openapi  # type: ignore[method-assign]
