"""Jobs as messages of the contract."""

import json
from datetime import datetime
from typing import Any

from clearbg.v1 import bulk_calls_pb2 as calls_pb
from clearbg.v1 import bulk_job_pb2 as pb
from clearbg.v1 import problem_pb2
from google.protobuf.timestamp_pb2 import Timestamp

from gateway import errors
from gateway.bulk.intake import Cutout
from gateway.bulk.job import Item, ItemStatus, Job
from gateway.bulk.progress import Progress


def summary(job: Job) -> pb.BulkJob:
    """A job without its images."""
    counts = job.counts
    return pb.BulkJob(
        job_id=job.id,
        status=f"BULK_JOB_STATUS_{job.status.name}",
        counts=pb.BulkCounts(
            total=len(job.items), **{kind.value: counts[kind] for kind in ItemStatus}
        ),
        created_at=moment(job.created_at),
        started_at=moment(job.started_at),
        finished_at=moment(job.finished_at),
        canceled_at=moment(job.canceled_at),
        expires_at=moment(job.expires_at),
        metadata=json.dumps(job.metadata),
        webhook_url=job.webhook_url or "",
    )


def full(job: Job) -> pb.BulkJob:
    """A job with its images."""
    said = summary(job)
    said.images.extend(image(item) for item in job.items)
    return said


def image(item: Item) -> pb.BulkImage:
    """One image of a job."""
    result = item.result or {}
    return pb.BulkImage(
        index=item.number,
        name=item.name,
        custom_id=item.custom_id,
        status=f"BULK_IMAGE_STATUS_{item.status.name}",
        problem=_problem(item.problem) if item.problem else None,
        **{
            name: result[name]
            for name in ("media_type", "width", "height", "size_bytes")
            if name in result
        },
    )


def news(told: Progress) -> calls_pb.WatchBulkJobResponse:
    """News of a job."""
    said = calls_pb.WatchBulkJobResponse(resume_token=told.told)
    if told.image:
        said.image.CopyFrom(image(told.image))
    else:
        said.job.CopyFrom(summary(told.job))
    return said


def file(found: Cutout) -> calls_pb.GetBulkResultResponse:
    """A result's first message."""
    said = calls_pb.BulkResult(
        name=found.name,
        media_type=found.media_type,
        size_bytes=found.size_bytes,
        url=found.link or "",
    )
    return calls_pb.GetBulkResultResponse(file=said)


def moment(moment: datetime | None) -> Timestamp | None:
    """A point in time; None is absent."""
    if moment is None:
        return None
    said = Timestamp()
    said.FromDatetime(moment)
    return said


def _problem(kept: dict[str, Any]) -> problem_pb2.Problem:
    slug = kept["type"].rpartition("/")[2]
    return problem_pb2.Problem(
        slug=slug,
        title=kept["title"],
        detail=kept["detail"],
        code=errors.named(slug).grpc.value[0],
        field=kept.get("field", ""),
    )
