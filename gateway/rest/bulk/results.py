"""What jobs have made: one by one, or as one ZIP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response
from fastapi.responses import RedirectResponse

from gateway.accounts.gate import Gate, Visit
from gateway.bulk import answers, archive
from gateway.bulk.intake import Intake
from gateway.rest.bulk.openapi import RESPONSES
from gateway.rest.entrance import entrance
from gateway.rest.outgoing import OutgoingStream


def router(intake: Intake, gate: Gate) -> APIRouter:
    """Make the routes.

    Args:
        intake: has the results.
        gate: lets callers in.
    """
    routes = APIRouter(prefix=answers.PATH, tags=["Bulk"])
    entered = Annotated[Visit, Depends(entrance(gate))]

    @routes.get(
        "/{job_id}/items/{number}",
        operation_id="getBulkResult",
        summary="One result",
        response_class=Response,
        responses=RESPONSES,
    )
    async def result(job_id: str, number: int, visit: entered) -> Response:
        """The image, as soon as it is done; or a redirect to where it is."""
        found = await intake.result(job_id, number, visit)
        if found.link:
            return RedirectResponse(found.link, headers={"Cache-Control": "no-store"})
        return OutgoingStream(
            await intake.opened(found.path),
            media_type=found.media_type,
            headers={
                "Content-Length": str(found.size_bytes),
                "Content-Disposition": f'inline; filename="{found.name}"',
            },
        )

    @routes.get(
        "/{job_id}/archive",
        operation_id="getBulkArchive",
        summary="All results as one ZIP",
        response_class=Response,
        responses=RESPONSES,
    )
    async def whole(job_id: str, visit: entered) -> OutgoingStream:
        """All images that succeeded so far, named by their `custom_id` or file name."""
        job = await intake.find(job_id, visit)
        first = await intake.result(job_id, archive.first(job), visit)
        await intake.opened(first.path)  # what is gone is told beforehand
        return OutgoingStream(
            archive.stream(job, intake.storage),
            media_type="application/zip",
            headers={"Content-Disposition": f'attachment; filename="{job.id}.zip"'},
        )

    return routes
