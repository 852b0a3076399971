"""A job and its items, as they are at one moment."""

import re
import secrets
import string
from collections import Counter
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

MAX_IMAGES = 50
ID_ALPHABET = string.ascii_lowercase + string.digits
ID_LENGTH = 20
ID_PATTERN = re.compile(rf"job_[a-z0-9]{{{ID_LENGTH}}}")


def new_job_id() -> str:
    """Return a random ID that matches `ID_PATTERN`."""
    return "job_" + "".join(secrets.choice(ID_ALPHABET) for _ in range(ID_LENGTH))


class JobStatus(StrEnum):
    """The status of a job."""

    RECEIVING = "receiving"
    """A draft: its images are still arriving, and no caller can see it."""
    PROCESSING = "processing"
    COMPLETED = "completed"
    PARTIAL = "partial"
    """Some images failed."""
    FAILED = "failed"
    """All images failed."""
    CANCELED = "canceled"
    EXPIRED = "expired"
    """The job's lifetime has passed, and its results are deleted."""


class ItemStatus(StrEnum):
    """The status of an item. All but `pending` are final."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True)
class Item:
    """One image of a job."""

    number: int
    """Its position in the job, from 0."""
    name: str
    custom_id: str
    status: ItemStatus
    attempts: int
    problem: dict[str, Any] | None
    """Why it failed, as RFC 9457 problem details."""
    result: dict[str, Any] | None
    """Of a success: media_type, width, height, size_bytes, crc32."""


@dataclass(frozen=True)
class Job:
    """A job with all its items."""

    id: str
    account_id: int
    key_id: int
    status: JobStatus
    options: dict[str, str]
    metadata: dict[str, Any]
    has_backdrop: bool
    has_mask: bool
    has_trimap: bool
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    expires_at: datetime
    canceled_at: datetime | None
    webhook_url: str | None
    fingerprint: str | None
    traceparent: str | None
    """W3C trace context of the request that created the job, if it was traced."""
    items: tuple[Item, ...]

    @property
    def counts(self) -> Counter[str]:
        """Number of items by status."""
        return Counter(item.status.value for item in self.items)


def final_status(job: Job) -> JobStatus:
    """Return the status that a job ends with, once none of its items is pending."""
    counts = job.counts
    if counts[ItemStatus.SUCCEEDED] == len(job.items):
        return JobStatus.COMPLETED
    if job.canceled_at:
        return JobStatus.CANCELED
    return JobStatus.PARTIAL if counts[ItemStatus.SUCCEEDED] else JobStatus.FAILED
