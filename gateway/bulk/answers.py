"""Jobs as JSON."""

from datetime import datetime
from typing import Any

from gateway.bulk.job import Item, ItemStatus, Job, Status

PATH = "/v1/bulk"


def accepted(job: Job) -> dict[str, Any]:
    """What a new job's owner is told."""
    return {
        "job_id": job.id,
        "status": job.status,
        "image_count": len(job.items),
        "status_url": f"{PATH}/{job.id}",
        "expires_at": _moment(job.expires_at),
    }


def summary(job: Job) -> dict[str, Any]:
    """A job without its images."""
    counts = job.counts
    has_results = counts[ItemStatus.SUCCEEDED] and job.status is not Status.EXPIRED
    return accepted(job) | {
        "counts": {"total": len(job.items)} | {str(kind): counts[kind] for kind in ItemStatus},
        "created_at": _moment(job.created_at),
        "started_at": _moment(job.started_at),
        "finished_at": _moment(job.finished_at),
        "canceled_at": _moment(job.canceled_at),
        "metadata": job.metadata,
        "archive_url": f"{PATH}/{job.id}/archive" if has_results else None,
        "webhook_url": job.webhook_url,
    }


def full(job: Job) -> dict[str, Any]:
    """A job with its images."""
    return summary(job) | {"items": [image(job, item) for item in job.items]}


def ended(job: Job) -> dict[str, Any]:
    """A webhook's message: how a job has ended. Standard Webhooks asks for this form."""
    return {
        "type": f"bulk.{job.status}",
        "timestamp": _moment(job.finished_at),
        "data": summary(job),
    }


def image(job: Job, item: Item) -> dict[str, Any]:
    """One image of a job."""
    said: dict[str, Any] = {
        "index": item.number,
        "name": item.name,
        "custom_id": item.custom_id or None,
        "status": item.status,
    }
    if item.result and job.status is not Status.EXPIRED:
        said["result_url"] = f"{PATH}/{job.id}/items/{item.number}"
    if item.result:
        said |= {
            name: item.result[name] for name in ("media_type", "width", "height", "size_bytes")
        }
    if item.problem:
        said["problem"] = item.problem
    return said


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="milliseconds") if moment else None
