"""POST /v1/bulk: creates a job from up to 50 images in one request."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Header, Request
from fastapi.responses import JSONResponse

from gateway.bulk.draft import SHARED_FILES, Draft
from gateway.bulk.job import Job
from gateway.bulk.job_json import PATH, accepted_as_json
from gateway.errors import BadRequest
from gateway.rest.bulk.openapi import CREATE_RESPONSES, request_body
from gateway.rest.bulk.parts import Part, parse_parts
from gateway.rest.dependencies import CurrentCaller, Services
from gateway.settings import Settings

IMAGE_FIELDS = ("images", "images[]", "image")
POLL_AFTER_S = 2
"""`Retry-After` of answers about a job that has not ended."""


def router(settings: Settings) -> APIRouter:
    """Return the route, described with the limits of the settings."""
    routes = APIRouter(prefix=PATH, tags=["Bulk"])
    routes.post(
        "",
        operation_id="createBulkJob",
        summary="Create a job for up to 50 images",
        status_code=202,
        response_model=None,
        responses=CREATE_RESPONSES,
        openapi_extra=request_body(settings),
    )(create_job)
    return routes


async def create_job(
    request: Request,
    bulk: Services,
    caller: CurrentCaller,
    idempotency_key: Annotated[
        str, Header(description="A request repeated with the same key creates no second job.")
    ] = "",
) -> JSONResponse:
    """Answer as soon as all images are stored durably; from then on the job survives crashes."""
    async with bulk.receiver.receive(caller, idempotency_key) as draft:
        job = await receive_job(parse_parts(request, bulk.receiver.max_image_bytes), draft)
    headers = {"Location": f"{PATH}/{job.id}", "Retry-After": str(POLL_AFTER_S)}
    if draft.is_replayed:
        headers["Idempotent-Replayed"] = "true"
    return JSONResponse(accepted_as_json(job), status_code=202, headers=headers)


async def receive_job(parts: AsyncIterator[Part], draft: Draft) -> Job:
    """Store the images of a form as they arrive, and accept the draft.

    Raises:
        GatewayError: as `parse_parts` and the draft do.
    """
    texts: dict[str, str] = {}
    custom_ids: list[str] = []
    async for part in parts:
        if part.filename is not None and (part.filename or part.data):
            await _add_file(draft, part)
        elif part.name == "custom_id":
            custom_ids.append(part.text)
        else:
            texts[part.name] = part.text
    return await draft.accept(texts, custom_ids)


async def _add_file(draft: Draft, part: Part) -> None:
    if part.name in IMAGE_FIELDS:
        await draft.add_image(part.filename or "", bytes(part.data))
    elif part.name in SHARED_FILES:
        await draft.add_shared_file(part.name, bytes(part.data))
    else:
        raise BadRequest(f"Send the images in fields named `images`, not {part.name[:40]!r}.")
