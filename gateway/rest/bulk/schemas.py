"""OpenAPI schemas of jobs, as `gateway.bulk.job_json` writes them."""

from gateway.bulk.job import ItemStatus, JobStatus
from gateway.rest.fields import Schema
from gateway.rest.schemas import INTEGER, PROBLEM, TEXT_OR_NULL, TIME, TIME_OR_NULL, ref

JOB_STATUS: Schema = {
    "type": "string",
    "enum": [status for status in JobStatus if status is not JobStatus.RECEIVING],
}

ACCEPTED: Schema = {
    "type": "object",
    "required": ["job_id", "status", "image_count", "status_url", "expires_at"],
    "properties": {
        "job_id": {"type": "string"},
        "status": JOB_STATUS,
        "image_count": INTEGER,
        "status_url": {"type": "string", "description": "Path of the job."},
        "expires_at": TIME,
    },
}

_ONLY_IN_SUMMARIES: Schema = {
    "counts": {
        "type": "object",
        "description": "Number of images in all, and by status.",
        "required": ["total", *ItemStatus],
        "properties": {name: INTEGER for name in ("total", *ItemStatus)},
    },
    "created_at": TIME,
    "started_at": TIME_OR_NULL,
    "finished_at": TIME_OR_NULL,
    "canceled_at": TIME_OR_NULL,
    "metadata": {"type": "object", "description": "Yours.", "additionalProperties": True},
    "archive_url": TEXT_OR_NULL | {"description": "Path of the ZIP; null without results."},
    "webhook_url": TEXT_OR_NULL,
}

SUMMARY: Schema = {
    "type": "object",
    "required": [*ACCEPTED["required"], *_ONLY_IN_SUMMARIES],
    "properties": ACCEPTED["properties"] | _ONLY_IN_SUMMARIES,
}

ITEM: Schema = {
    "type": "object",
    "required": ["index", "name", "custom_id", "status"],
    "properties": {
        "index": INTEGER | {"description": "Its position in the job, from 0."},
        "name": {"type": "string", "description": "Of its file."},
        "custom_id": TEXT_OR_NULL,
        "status": {"type": "string", "enum": [*ItemStatus]},
        "result_url": {"type": "string", "description": "Path of the result, once there is one."},
        "media_type": {"type": "string"},
        "width": INTEGER,
        "height": INTEGER,
        "size_bytes": INTEGER,
        "problem": PROBLEM
        | {
            "description": "Why it failed.",
            "required": [name for name in PROBLEM["required"] if name != "request_id"],
        },
    },
}

JOB: Schema = {
    "type": "object",
    "required": [*SUMMARY["required"], "items"],
    "properties": SUMMARY["properties"] | {"items": {"type": "array", "items": ref("BulkItem")}},
}

SCHEMAS: dict[str, Schema] = {
    "BulkJobAccepted": ACCEPTED,
    "BulkJobSummary": SUMMARY,
    "BulkItem": ITEM,
    "BulkJob": JOB,
}
