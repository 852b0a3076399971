"""What becomes of a job: its status, its events, and its end."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent

from gateway.accounts.gate import Gate, Visit
from gateway.bulk import answers
from gateway.bulk.intake import Intake
from gateway.bulk.job import Job
from gateway.bulk.progress import watch
from gateway.rest.bulk.create import POLL_AFTER_S
from gateway.rest.bulk.openapi import RESPONSES
from gateway.rest.entrance import entrance
from gateway.rest.pages import Before, Limit, next_before, utc


def router(intake: Intake, gate: Gate) -> APIRouter:
    """Make the routes.

    Args:
        intake: knows the jobs.
        gate: lets callers in.
    """
    routes = APIRouter(prefix=answers.PATH, tags=["Bulk"])
    entered = Annotated[Visit, Depends(entrance(gate))]

    @routes.get("", operation_id="listBulkJobs", summary="The newest jobs", responses=RESPONSES)
    async def newest(visit: entered, limit: Limit = 20, before: Before = None) -> dict[str, Any]:
        """Those of the key's account, newest first; `next_before` continues where this ends."""
        jobs = await intake.newest(visit, before=utc(before), limit=limit)
        times = [job.created_at for job in jobs]
        return {
            "jobs": [answers.summary(job) for job in jobs],
            "next_before": next_before(times, limit),
        }

    @routes.get("/{job_id}", operation_id="getBulkJob", summary="One job", responses=RESPONSES)
    async def status(job_id: str, visit: entered) -> JSONResponse:
        """How far it is, and what became of each image."""
        job = await intake.find(job_id, visit)
        headers = {} if job.finished_at else {"Retry-After": str(POLL_AFTER_S)}
        return JSONResponse(answers.full(job), headers=headers)

    async def watched(job_id: str, visit: entered) -> AsyncIterator[tuple[Job, Visit]]:
        job = await intake.find(job_id, visit)
        async with intake.watching(visit):
            yield job, visit

    @routes.get(
        "/{job_id}/events",
        operation_id="watchBulkJob",
        summary="Its progress, as it happens",
        response_class=EventSourceResponse,
        responses=RESPONSES,
    )
    async def events(
        job: Annotated[tuple[Job, Visit], Depends(watched)],
        last_event_id: Annotated[
            str, Header(description="What is known already: only what came after it is sent.")
        ] = "",
    ) -> AsyncIterator[ServerSentEvent]:
        """Server-sent events: an `image` for each that is done, then `end` with the job."""
        async for news in watch(intake, *job, last_event_id):
            if news.image:
                said, kind = answers.image(news.job, news.image), "image"
            else:
                said, kind = answers.summary(news.job), "end"
            yield ServerSentEvent(data=said, event=kind, id=news.told)

    @routes.post(
        "/{job_id}/cancel", operation_id="cancelBulkJob", summary="Cancel", responses=RESPONSES
    )
    async def cancel(job_id: str, visit: entered) -> dict[str, Any]:
        """No further image is begun; what is done stays. Does nothing to a job that has ended."""
        return answers.full(await intake.cancel(job_id, visit))

    @routes.delete(
        "/{job_id}",
        operation_id="deleteBulkJob",
        summary="Delete",
        status_code=204,
        responses=RESPONSES,
    )
    async def delete(job_id: str, visit: entered) -> None:
        """Cancels the job if it is under way, and removes all its images and results."""
        await intake.drop(job_id, visit)

    return routes
