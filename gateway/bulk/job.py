"""A job and its images, as they stand."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

MAX_IMAGES = 50


class Status(StrEnum):
    """Of a job."""

    RECEIVING = "receiving"
    """Its images are still arriving: nobody sees it yet."""
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    """Some images failed."""
    FAILED = "failed"
    """All did."""
    CANCELED = "canceled"
    EXPIRED = "expired"
    """Its time is over: its results are gone."""


class ItemStatus(StrEnum):
    """Of an image. All but `pending` are final."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True)
class Item:
    """One image of a job."""

    number: int
    name: str
    custom_id: str
    status: ItemStatus
    attempts: int
    problem: dict[str, Any] | None
    result: dict[str, Any] | None
    """Of a success: media_type, width, height, size_bytes, crc32."""


@dataclass(frozen=True)
class Job:
    """A job."""

    id: str
    account_id: int
    key_id: int
    status: Status
    options: dict[str, str]
    metadata: dict[str, Any]
    has_backdrop: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime
    canceled_at: datetime | None
    webhook_url: str | None
    fingerprint: str | None
    traceparent: str | None
    """Of the request that made it, if that is traced."""
    items: tuple[Item, ...]

    @property
    def counts(self) -> Counter[str]:
        """Images by status."""
        return Counter(item.status.value for item in self.items)


def outcome(job: Job) -> Status:
    """What a job ends as, once no image is pending."""
    counts = job.counts
    if counts[ItemStatus.SUCCEEDED] == len(job.items):
        return Status.COMPLETED
    if job.canceled_at:
        return Status.CANCELED
    return Status.PARTIAL if counts[ItemStatus.SUCCEEDED] else Status.FAILED
