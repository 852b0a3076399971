"""Routes that list, get, watch, cancel and delete jobs."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from gateway.bulk import job_json
from gateway.bulk.job import Job
from gateway.bulk.progress import ProgressEvent
from gateway.rest.bulk.create import POLL_AFTER_S
from gateway.rest.bulk.openapi import JOB, JOBS, RESPONSES
from gateway.rest.dependencies import CurrentCaller, Services
from gateway.rest.paging import PageQuery, page_as_json

router = APIRouter(prefix=job_json.PATH, tags=["Bulk"])


@router.get(
    "", operation_id="listBulkJobs", summary="List jobs", response_model=None, responses=JOBS
)
async def list_jobs(bulk: Services, caller: CurrentCaller, page: PageQuery) -> dict[str, Any]:
    """Return the jobs of the key's account, newest first.

    Send `next_before` as `before` to get the next page.
    """
    jobs = await bulk.jobs.list_jobs(caller, page)
    return page_as_json(jobs, "jobs", job_json.summary_as_json)


@router.get(
    "/{job_id}",
    operation_id="getBulkJob",
    summary="Get a job",
    response_model=None,
    responses=JOB,
)
async def get_job(job_id: str, bulk: Services, caller: CurrentCaller) -> JSONResponse:
    """Return the status of a job and of each of its images."""
    job = await bulk.jobs.find(job_id, caller)
    headers = {} if job.finished_at else {"Retry-After": str(POLL_AFTER_S)}
    return JSONResponse(job_json.job_as_json(job), headers=headers)


async def _watched_job(job_id: str, bulk: Services, caller: CurrentCaller) -> AsyncIterator[Job]:
    """Find the job and hold a slot before the answer starts, so that errors have their status."""
    job = await bulk.jobs.find(job_id, caller)
    async with bulk.progress.slot(caller):
        yield job


@router.get(
    "/{job_id}/events",
    operation_id="watchBulkJob",
    summary="Watch a job",
    response_class=EventSourceResponse,
    responses=RESPONSES,
)
async def watch_job(
    bulk: Services,
    caller: CurrentCaller,
    job: Annotated[Job, Depends(_watched_job)],
    last_event_id: Annotated[
        str, Header(description="ID of the last event that you received: the stream resumes there.")
    ] = "",
) -> AsyncIterator[ServerSentEvent]:
    """Stream server-sent events: an `image` for each finished image, then `end` with the job."""
    async for event in bulk.progress.watch(job, caller, last_event_id):
        yield _as_server_sent_event(event)


def _as_server_sent_event(event: ProgressEvent) -> ServerSentEvent:
    if event.item:
        data, kind = job_json.item_as_json(event.job, event.item), "image"
    else:
        data, kind = job_json.summary_as_json(event.job), "end"
    return ServerSentEvent(data=data, event=kind, id=event.resume_token)


@router.post(
    "/{job_id}/cancel",
    operation_id="cancelBulkJob",
    summary="Cancel a job",
    response_model=None,
    responses=JOB,
)
async def cancel_job(job_id: str, bulk: Services, caller: CurrentCaller) -> dict[str, Any]:
    """Start no further image and keep the finished ones. A job that has ended stays as it is."""
    return job_json.job_as_json(await bulk.jobs.cancel(job_id, caller))


@router.delete(
    "/{job_id}",
    operation_id="deleteBulkJob",
    summary="Delete a job",
    status_code=204,
    responses=RESPONSES,
)
async def delete_job(job_id: str, bulk: Services, caller: CurrentCaller) -> None:
    """Cancel the job if it is in progress, and delete its images and results."""
    await bulk.jobs.delete(job_id, caller)
