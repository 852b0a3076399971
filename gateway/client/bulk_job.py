"""A bulk job, as the service reports it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Self


class ItemStatus(StrEnum):
    """Status of one image. All but `pending` are final."""

    PENDING = "pending"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELED = "canceled"


@dataclass(frozen=True)
class BulkImage:
    """One image of a job."""

    number: int
    """Its position in the upload, from 0."""
    name: str
    status: ItemStatus
    problem: str
    """Why it failed; empty unless it did."""

    @classmethod
    def from_json(cls, item: dict[str, Any]) -> Self:
        """Parse one element of `items`."""
        return cls(
            number=int(item["index"]),
            name=str(item["name"]),
            status=ItemStatus(item["status"]),
            problem=str((item.get("problem") or {}).get("detail", "")),
        )


@dataclass(frozen=True)
class BulkJob:
    """One job."""

    id: str
    status: str
    """`processing`, `completed`, `partial`, `failed`, `canceled` or `expired`."""
    images: tuple[BulkImage, ...]
    ended: bool
    """Whether no image's status will change any more."""
    poll_after_s: float | None
    """Seconds until the next poll, as the service recommends; None when the job has ended."""

    @classmethod
    def from_json(cls, body: dict[str, Any], poll_after_s: float | None = None) -> Self:
        """Parse the body of a response.

        Raises:
            KeyError, TypeError, ValueError: the body is not a job.
        """
        return cls(
            id=str(body["job_id"]),
            status=str(body["status"]),
            images=tuple(BulkImage.from_json(item) for item in body["items"]),
            ended=body["finished_at"] is not None,
            poll_after_s=poll_after_s,
        )
