"""A bulk job, as the service tells of it."""

from dataclasses import dataclass
from typing import Any, Self

from gateway.bulk.job import ItemStatus


@dataclass(frozen=True)
class BulkImage:
    """One image of a job."""

    number: int
    """Its place among those that were sent; the first one is 0."""
    name: str
    status: ItemStatus
    problem: str
    """What is wrong with it, if it failed."""

    @classmethod
    def told(cls, item: dict[str, Any]) -> Self:
        """Read it from an answer."""
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
    """`processing`, `completed`, `partial`, `failed` or `canceled`."""
    images: tuple[BulkImage, ...]
    ended: bool
    """No image will change any more."""
    look_again_s: float | None
    """Seconds after which there may be news; None when there will be none."""

    @classmethod
    def told(cls, body: dict[str, Any], look_again_s: float | None = None) -> Self:
        """Read it from an answer.

        Raises:
            KeyError, TypeError, ValueError: it is not one of ClearBG's.
        """
        return cls(
            id=str(body["job_id"]),
            status=str(body["status"]),
            images=tuple(BulkImage.told(item) for item in body["items"]),
            ended=body["finished_at"] is not None,
            look_again_s=look_again_s,
        )
