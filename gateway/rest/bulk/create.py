"""POST /v1/bulk: up to 50 images in one request."""

from typing import Annotated

from fastapi import APIRouter, Depends, Header, Request
from fastapi.responses import JSONResponse

from gateway.accounts.gate import Gate, Visit
from gateway.bulk import answers
from gateway.bulk.draft import Draft
from gateway.bulk.job import Job
from gateway.bulk.uploads import Uploads
from gateway.errors import BadRequest
from gateway.rest.bulk.openapi import CREATED, request_body
from gateway.rest.bulk.parts import Part, parts
from gateway.rest.entrance import entrance
from gateway.settings import Settings

IMAGES = ("images", "images[]", "image")
POLL_AFTER_S = 2


def router(uploads: Uploads, gate: Gate, settings: Settings) -> APIRouter:
    """Make the route.

    Args:
        uploads: receive jobs.
        gate: lets callers in.
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
        async with uploads.receiving(visit, idempotency_key) as draft:
            job = await _receive(request, draft, uploads.max_image_bytes)
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
