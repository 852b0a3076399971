"""A webhook message to a URL of an account, and the attempts to send it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

HTTP_GONE = 410
"""The status by which an endpoint asks for no more webhooks."""


TEST_EVENT = "webhook.test"
"""The type of the message by which an account tries its endpoint."""


class DeliveryStatus(StrEnum):
    """The status of a delivery."""

    PENDING = "pending"
    """An attempt is in progress or scheduled."""
    DELIVERED = "delivered"
    FAILED = "failed"
    """All attempts failed."""
    DISABLED = "disabled"
    """The endpoint answered 410, to this or to an earlier message."""


@dataclass(frozen=True)
class Attempt:
    """One attempt to send a message."""

    at: datetime
    seconds: float
    status: int | None
    """HTTP status of the answer; None if there was no answer."""
    error: str
    """Why there was no answer; else empty."""
    retry_after_s: float | None
    """The answer's Retry-After."""

    @property
    def is_success(self) -> bool:
        """Whether the endpoint accepted the message."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True)
class Delivery:
    """One message to one URL."""

    id: str
    """The same in every attempt, so that receivers recognize a repeated message."""
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

    @property
    def is_test(self) -> bool:
        """Whether it is a test event, which reports no job and is sent only once."""
        return self.event == TEST_EVENT

    @property
    def next_attempt_at(self) -> datetime | None:
        """When it is sent next; None if it is not sent again."""
        return self.due_at if self.status is DeliveryStatus.PENDING else None
