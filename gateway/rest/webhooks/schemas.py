"""OpenAPI schemas of webhooks, as `delivery_json` writes them."""

from http import HTTPStatus

from gateway.rest.bulk.openapi import RESPONSES
from gateway.rest.fields import Schema
from gateway.rest.openapi import answer
from gateway.rest.paging import page_schema
from gateway.rest.schemas import TEXT_OR_NULL, TIME, TIME_OR_NULL, ref
from gateway.webhooks.delivery import DeliveryStatus

ATTEMPT: Schema = {
    "at": TIME,
    "seconds": {"type": "number"},
    "status": {"type": ["integer", "null"], "description": "Null without an answer."},
    "error": {"type": "string", "description": "Why there was no answer; else empty."},
    "retry_after_s": {"type": ["number", "null"]},
}
FIELDS: Schema = {
    "id": {"type": "string", "description": "The `webhook-id`, the same in every attempt."},
    "type": {"type": "string", "examples": ["bulk.completed"]},
    "job_id": TEXT_OR_NULL,
    "url": {"type": "string"},
    "status": {"type": "string", "enum": [*DeliveryStatus]},
    "created_at": TIME,
    "next_attempt_at": TIME_OR_NULL,
    "attempts": {
        "type": "array",
        "items": {"type": "object", "required": [*ATTEMPT], "properties": ATTEMPT},
    },
}
SECRET_FIELDS: Schema = {
    "secret": {"type": "string"},
    "previous_until": TIME_OR_NULL | {"description": "Until when the previous one signs too."},
}

SCHEMAS: dict[str, Schema] = {
    "WebhookDelivery": {"type": "object", "required": [*FIELDS], "properties": FIELDS},
    "WebhookSecret": {
        "type": "object",
        "required": [*SECRET_FIELDS],
        "properties": SECRET_FIELDS,
    },
}

SECRETS = answer(ref("WebhookSecret")) | RESPONSES
DELIVERY = answer(ref("WebhookDelivery")) | RESPONSES
SCHEDULED = answer(ref("WebhookDelivery"), HTTPStatus.ACCEPTED) | RESPONSES
DELIVERIES = answer(page_schema("deliveries", ref("WebhookDelivery"))) | RESPONSES
