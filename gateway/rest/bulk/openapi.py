"""What /openapi.json says about the routes of bulk jobs."""

from http import HTTPStatus

from gateway.bulk.job import MAX_IMAGES
from gateway.errors import IdleStream, InProgress, KeyReused, NoDelivery, NoForeground
from gateway.rest.fields import OPTIONS, VARIANTS_TEXT, Schema
from gateway.rest.openapi import answer, errors
from gateway.rest.paging import page_schema
from gateway.rest.schemas import ref
from gateway.settings import Settings

CREATE_RESPONSES = answer(ref("BulkJobAccepted"), HTTPStatus.ACCEPTED) | dict(
    errors((NoForeground, NoDelivery))
)
RESPONSES = dict(errors((NoForeground, IdleStream, InProgress, KeyReused)))
"""The errors of all other routes of bulk jobs and webhooks."""
JOB = answer(ref("BulkJob")) | RESPONSES
JOBS = answer(page_schema("jobs", ref("BulkJobSummary"))) | RESPONSES


def request_body(settings: Settings) -> Schema:
    """Return the form of POST /v1/bulk."""
    file = {"type": "string", "format": "binary"}
    limit = f"at most {settings.max_image_bytes / 2**20:.3g} MB each"
    fields: Schema = {
        "images": {
            "type": "array",
            "items": file,
            "minItems": 1,
            "maxItems": MAX_IMAGES,
            "description": f"The images, {limit}. The names `images[]` and `image` work too.",
        },
        "bg_image": file | {"description": "A picture to lay behind the foreground of all images."},
        "mask": file | {"description": "The mask of all images, instead of the model's."},
        "trimap": file | {"description": "What to keep and to erase in all images."},
        "variants": VARIANTS_TEXT,
        "custom_id": {
            "type": "array",
            "items": {"type": "string", "maxLength": 128},
            "description": "Your names for the images, in the same order.",
        },
        "metadata": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "A JSON object that is stored with the job, at most 4096 bytes.",
        },
        "webhook_url": {
            "type": "string",
            "format": "uri",
            "description": "Receives a webhook (Standard Webhooks) when the job has ended.",
        },
    }
    schema = {"type": "object", "required": ["images"], "properties": fields | OPTIONS}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
