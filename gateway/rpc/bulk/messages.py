"""Jobs as messages of the contract, see protos/clearbg/v1/bulk_job.proto."""

import json
from datetime import datetime
from typing import Any

from clearbg.v1 import bulk_calls_pb2 as calls_pb
from clearbg.v1 import bulk_job_pb2 as pb
from clearbg.v1 import problem_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from gateway import problems
from gateway.bulk.job import Item, ItemStatus, Job
from gateway.bulk.progress import ProgressEvent
from gateway.bulk.results import StoredResult


def summary_as_message(job: Job) -> pb.BulkJob:
    """Return a job without its items."""
    counts = job.counts
    return pb.BulkJob(
        job_id=job.id,
        status=f"BULK_JOB_STATUS_{job.status.name}",
        counts=pb.BulkCounts(
            total=len(job.items), **{status.value: counts[status] for status in ItemStatus}
        ),
        created_at=as_timestamp(job.created_at),
        started_at=as_timestamp(job.started_at),
        finished_at=as_timestamp(job.finished_at),
        canceled_at=as_timestamp(job.canceled_at),
        expires_at=as_timestamp(job.expires_at),
        metadata=json.dumps(job.metadata),
        webhook_url=job.webhook_url or "",
    )


def job_as_message(job: Job) -> pb.BulkJob:
    """Return a job with its items."""
    message = summary_as_message(job)
    message.images.extend(item_as_message(item) for item in job.items)
    return message


def item_as_message(item: Item) -> pb.BulkImage:
    """Return one item of a job."""
    result = item.result or {}
    return pb.BulkImage(
        index=item.number,
        name=item.name,
        custom_id=item.custom_id,
        status=f"BULK_IMAGE_STATUS_{item.status.name}",
        problem=_problem_as_message(item.problem) if item.problem else None,
        **{
            name: result[name]
            for name in ("media_type", "width", "height", "size_bytes")
            if name in result
        },
    )


def event_as_message(event: ProgressEvent) -> calls_pb.WatchBulkJobResponse:
    """Return one event of a watched job."""
    message = calls_pb.WatchBulkJobResponse(resume_token=event.resume_token)
    if event.item:
        message.image.CopyFrom(item_as_message(event.item))
    else:
        message.job.CopyFrom(summary_as_message(event.job))
    return message


def result_as_message(result: StoredResult) -> calls_pb.GetBulkResultResponse:
    """Return the first message of a result: everything but the file itself."""
    return calls_pb.GetBulkResultResponse(
        file=calls_pb.BulkResult(
            name=result.file_name,
            media_type=result.media_type,
            size_bytes=result.size_bytes,
            url=result.url or "",
        )
    )


def as_timestamp(time: datetime | None) -> Timestamp | None:
    """Return a point in time as a message; None leaves the field unset."""
    if time is None:
        return None
    timestamp = Timestamp()
    timestamp.FromDatetime(time)
    return timestamp


def _problem_as_message(problem: dict[str, Any]) -> problem_pb2.Problem:
    slug = problem["type"].rpartition("/")[2]
    return problem_pb2.Problem(
        slug=slug,
        title=problem["title"],
        detail=problem["detail"],
        code=problems.error_class(slug).grpc.value[0],
        field=problem.get("field", ""),
    )
