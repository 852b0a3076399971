"""The page of one bulk job: live progress, results, and what can be done with it."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.sse import EventSourceResponse, ServerSentEvent

from gateway.bulk import thumbnails
from gateway.bulk.job import Job
from gateway.bulk.progress import ProgressEvent
from gateway.dashboard import job_words, redirects
from gateway.dashboard.caller import CurrentCaller
from gateway.dashboard.job_words import JOBS
from gateway.dashboard.pages import html, render
from gateway.rest.bulk.results import send_result
from gateway.rest.dependencies import Services
from gateway.rest.streamed_response import OutgoingStream

router = APIRouter(prefix=JOBS + "/{job_id}")

KEEP_THUMBNAIL = "private, max-age=3600"
"""A result never changes, but its job may be deleted."""


@router.get("")
async def show(request: Request, job_id: str, bulk: Services, caller: CurrentCaller) -> Response:
    """Show a job with all its images."""
    job = await bulk.jobs.find(job_id, caller)
    return render(request, "job.html", job=job, words=job_words)


async def _watched_job(job_id: str, bulk: Services, caller: CurrentCaller) -> AsyncIterator[Job]:
    """Find the job and hold a slot before the answer starts, so that errors have their status."""
    job = await bulk.jobs.find(job_id, caller)
    async with bulk.progress.slot(caller):
        yield job


@router.get("/events", response_class=EventSourceResponse)
async def watch(
    request: Request,
    bulk: Services,
    caller: CurrentCaller,
    job: Annotated[Job, Depends(_watched_job)],
    last_event_id: Annotated[str, Header()] = "",
) -> AsyncIterator[ServerSentEvent]:
    """Stream the job's events, as the API does, with the parts of the page that they change."""
    async for event in bulk.progress.watch(job, caller, last_event_id):
        yield _as_server_sent_event(request, event)


def _as_server_sent_event(request: Request, event: ProgressEvent) -> ServerSentEvent:
    job, item = event.job, event.item
    data = {"summary": job_words.summary(job), "ended": job_words.ended(job)}
    if item:
        part = html(request, "job_item.html", job=job, item=item, words=job_words)
        data |= {"id": f"image-{item.number}", "html": part}
    else:
        part = html(request, "job_head.html", job=job, words=job_words)
        data |= {"id": "job-head", "html": part}
    kind = "image" if item else "end"
    return ServerSentEvent(data=data, event=kind, id=event.resume_token)


@router.get("/items/{number}")
async def download(job_id: str, number: int, bulk: Services, caller: CurrentCaller) -> Response:
    """Download one result, or go to where the storage has it."""
    return await send_result(bulk, await bulk.results.find(job_id, number, caller), "attachment")


@router.get("/items/{number}/thumbnail")
async def thumbnail(job_id: str, number: int, bulk: Services, caller: CurrentCaller) -> Response:
    """Return a small picture of one result."""
    data = await bulk.thumbnails.get(job_id, number, caller)
    headers = {"Cache-Control": KEEP_THUMBNAIL}
    return Response(data, media_type=thumbnails.MEDIA_TYPE, headers=headers)


@router.get("/archive")
async def archive(job_id: str, bulk: Services, caller: CurrentCaller) -> Response:
    """Download all results as one ZIP."""
    return OutgoingStream(
        await bulk.results.open_archive(job_id, caller),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{job_id}.zip"'},
    )


@router.post("/cancel")
async def cancel(job_id: str, bulk: Services, caller: CurrentCaller) -> Response:
    """Start no further image, and show the job again."""
    job = await bulk.jobs.cancel(job_id, caller)
    return redirects.to(f"{JOBS}/{job.id}")


@router.post("/delete")
async def delete(job_id: str, bulk: Services, caller: CurrentCaller) -> Response:
    """Delete the job with its images and results, and show the list."""
    await bulk.jobs.delete(job_id, caller)
    return redirects.to(JOBS)
