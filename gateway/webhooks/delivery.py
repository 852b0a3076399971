"""A message to a URL of an account, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

GONE = 410
"""With this status an endpoint says that it wants no more."""


class DeliveryStatus(StrEnum):
    """Of a message."""

    PENDING = "pending"
    """It is being tried, or waits for its next attempt."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """All attempts did."""
    DISABLED = "disabled"
    """The endpoint answered 410, to this or to an earlier message."""


@dataclass(frozen=True)
class Attempt:
    """One try."""

    at: datetime
    seconds: float
    status: int | None
    """Of the answer; None if there was none."""
    error: str
    """Why there was none."""
    retry_after_s: float | None
    """What the endpoint asked for."""

    @property
    def ok(self) -> bool:
        """Whether the endpoint has taken the message."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Delivery:
    """One message to one URL."""

    id: str
    """The same in each attempt: by it, receivers know what they have seen."""
    account_id: int
    job_id: str
    event: str
    url: str
    body: str
    status: DeliveryStatus
    tries: int
    due_at: datetime
    attempts: tuple[dict[str, Any], ...]
    created_at: datetime
