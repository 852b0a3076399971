"""Webhooks as JSON."""

from typing import Any

from gateway.webhooks.delivery import Delivery
from gateway.webhooks.secret_store import Signing


def signing(found: Signing) -> dict[str, Any]:
    """What webhooks are signed with."""
    until = found.previous_until
    return {"secret": found.secret, "previous_until": until.isoformat() if until else None}


def delivery(found: Delivery) -> dict[str, Any]:
    """What became of one."""
    return {
        "id": found.id,
        "type": found.event,
        "job_id": found.job_id,
        "url": found.url,
        "status": found.status,
        "created_at": found.created_at.isoformat(timespec="milliseconds"),
        "attempts": list(found.attempts),
    }
