"""Webhooks as JSON."""

from typing import Any

from gateway.webhooks.delivery import Delivery
from gateway.webhooks.secret_store import SigningSecrets


def secrets_as_json(secrets: SigningSecrets) -> dict[str, Any]:
    """Return the current secret, and until when the previous one signs too."""
    until = secrets.previous_until
    return {"secret": secrets.secret, "previous_until": until.isoformat() if until else None}


def delivery_as_json(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery with its attempts."""
    next_at = delivery.next_attempt_at
    return {
        "id": delivery.id,
        "type": delivery.event,
        "job_id": delivery.job_id or None,
        "url": delivery.url,
        "status": delivery.status,
        "created_at": delivery.created_at.isoformat(timespec="milliseconds"),
        "next_attempt_at": next_at.isoformat(timespec="milliseconds") if next_at else None,
        "attempts": list(delivery.attempts),
    }
