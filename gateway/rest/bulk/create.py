"""POST /v1/bulk: up to 50 images in one request."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse

from gateway.accounts.gate import Gate, Visit
from gateway.admission import Admission
from gateway.bulk import answers
from gateway.bulk.draft import Draft
from gateway.bulk.intake import Intake, upload_bytes
from gateway.bulk.job import Job
from gateway.errors import BadRequest, DeadlineExceeded
from gateway.rest.bulk.openapi import CREATED, request_body
from gateway.rest.bulk.parts import Part, parts
from gateway.rest.entrance import entrance
from gateway.settings import Settings

IMAGES = ("images", "images[]", "image")
UPLOAD_TIMEOUT_S = 900.0
"""For all images of a job: 50 of 25 MB at 12 Mbit/s."""
POLL_AFTER_S = 2


def router(intake: Intake, gate: Gate, memory: Admission, settings: Settings) -> APIRouter:
    """Make the route.

    Args:
        intake: takes jobs in.
        gate: lets callers in.
        memory: where an image counts while it is received.
        settings: the limits.
    """
    routes = APIRouter(prefix=answers.PATH, tags=["Bulk"])
    entered = Annotated[Visit, Depends(entrance(gate))]

    @routes.post(
        "",
        operation_id="createBulkJob",
        summary="Remove the backgrounds of up to 50 images, later",
        status_code=202,
        responses=CREATED,
        openapi_extra=request_body(settings),
    )
    async def create(
        request: Request,
        visit: entered,
        idempotency_key: Annotated[
            str, Header(description="Sent again with the same, it makes no second job.")
        ] = "",
    ) -> JSONResponse:
        """Answers as soon as all images are kept safely. They are done whatever happens."""
        try:
            async with (
                asyncio.timeout(UPLOAD_TIMEOUT_S),
                intake.receiving(visit, idempotency_key) as draft,
            ):
                with memory.admit(upload_bytes(settings)):
                    job = await _receive(request, draft, settings.max_image_bytes)
        except TimeoutError as error:
            raise DeadlineExceeded(UPLOAD_TIMEOUT_S) from error
        headers = {"Location": f"{answers.PATH}/{job.id}", "Retry-After": str(POLL_AFTER_S)}
        if draft.is_replayed:
            headers["Idempotent-Replayed"] = "true"
        return JSONResponse(answers.accepted(job), status_code=202, headers=headers)

    return routes


async def _receive(request: Request, draft: Draft, max_image_bytes: int) -> Job:
    texts: dict[str, str] = {}
    ids: list[str] = []
    async for part in parts(request, max_image_bytes):
        if part.filename is not None and (part.filename or part.data):
            await _keep(draft, part)
        elif part.name == "custom_id":
            ids.append(part.text)
        else:
            texts[part.name] = part.text
    return await draft.accept(texts, ids)


async def _keep(draft: Draft, part: Part) -> None:
    if part.name in IMAGES:
        await draft.add(part.filename or "", bytes(part.data))
    elif part.name == "bg_image":
        await draft.add_backdrop(bytes(part.data))
    else:
        raise BadRequest(f"Send the images in fields named `images`, not {part.name[:40]!r}.")
