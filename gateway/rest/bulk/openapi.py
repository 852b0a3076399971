"""What /openapi.json says of bulk jobs."""

from gateway.bulk.job import MAX_IMAGES
from gateway.errors import IdleStream, InProgress, KeyReused, NoDelivery, NoForeground
from gateway.rest.fields import OPTIONS, Schema
from gateway.rest.openapi import errors
from gateway.settings import Settings

CREATED = dict(errors((NoForeground, NoDelivery)))
RESPONSES = dict(errors((NoForeground, IdleStream, InProgress, KeyReused)))


def request_body(settings: Settings) -> Schema:
    """The form of POST /v1/bulk."""
    file = {"type": "string", "format": "binary"}
    limit = f"at most {settings.max_image_bytes / 2**20:g} MB each"
    own: Schema = {
        "images": {
            "type": "array",
            "items": file,
            "minItems": 1,
            "maxItems": MAX_IMAGES,
            "description": f"The images, {limit}. `images[]` and `image` are read too.",
        },
        "bg_image": file | {"description": "A picture to put under all of them."},
        "custom_id": {
            "type": "array",
            "items": {"type": "string", "maxLength": 128},
            "description": "Your names for the images, in their order.",
        },
        "metadata": {
            "type": "string",
            "contentMediaType": "application/json",
            "description": "A JSON object that the job keeps for you, at most 4096 bytes.",
        },
        "webhook_url": {
            "type": "string",
            "format": "uri",
            "description": "Is told when the job has ended, by Standard Webhooks.",
        },
    }
    schema = {"type": "object", "required": ["images"], "properties": own | OPTIONS}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
