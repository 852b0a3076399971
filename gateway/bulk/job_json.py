"""Jobs as JSON, for HTTP answers and webhook messages."""

from datetime import datetime
from typing import Any

from gateway.bulk.job import Item, ItemStatus, Job, JobStatus

PATH = "/v1/bulk"


def accepted_as_json(job: Job) -> dict[str, Any]:
    """Return the answer to the request that created a job."""
    return {
        "job_id": job.id,
        "status": job.status,
        "image_count": len(job.items),
        "status_url": f"{PATH}/{job.id}",
        "expires_at": _as_iso(job.expires_at),
    }


def summary_as_json(job: Job) -> dict[str, Any]:
    """Return a job without its items."""
    counts = job.counts
    has_results = counts[ItemStatus.SUCCEEDED] and job.status is not JobStatus.EXPIRED
    return accepted_as_json(job) | {
        "counts": {"total": len(job.items)}
        | {str(status): counts[status] for status in ItemStatus},
        "created_at": _as_iso(job.created_at),
        "started_at": _as_iso(job.started_at),
        "finished_at": _as_iso(job.finished_at),
        "canceled_at": _as_iso(job.canceled_at),
        "metadata": job.metadata,
        "archive_url": f"{PATH}/{job.id}/archive" if has_results else None,
        "webhook_url": job.webhook_url,
    }


def job_as_json(job: Job) -> dict[str, Any]:
    """Return a job with its items."""
    return summary_as_json(job) | {"items": [item_as_json(job, item) for item in job.items]}


def as_webhook_message(job: Job) -> dict[str, Any]:
    """Return the webhook message for a job that has ended, in the form of Standard Webhooks."""
    return {
        "type": f"bulk.{job.status}",
        "timestamp": _as_iso(job.finished_at),
        "data": summary_as_json(job),
    }


def item_as_json(job: Job, item: Item) -> dict[str, Any]:
    """Return one item of a job."""
    body: dict[str, Any] = {
        "index": item.number,
        "name": item.name,
        "custom_id": item.custom_id or None,
        "status": item.status,
    }
    if item.result and job.status is not JobStatus.EXPIRED:
        body["result_url"] = f"{PATH}/{job.id}/items/{item.number}"
    if item.result:
        body |= {
            name: item.result[name] for name in ("media_type", "width", "height", "size_bytes")
        }
    if item.problem:
        body["problem"] = item.problem
    return body


def _as_iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="milliseconds") if time else None
