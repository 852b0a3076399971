"""POST /v1/bulk: up to 50 images in one request; then their status, results, and archive."""

import asyncio
import json
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from gateway.accounts.gate import Gate, Visit
from gateway.admission import Admission
from gateway.bulk import archive
from gateway.bulk.intake import Draft, Intake
from gateway.bulk.job import Job
from gateway.errors import BadRequest, DeadlineExceeded, NoResult
from gateway.options import parse
from gateway.orders.order import check_background
from gateway.rest.bulk import answers
from gateway.rest.bulk.openapi import RESPONSES, request_body
from gateway.rest.bulk.parts import Part, parts
from gateway.rest.entrance import entrance
from gateway.settings import Settings

IMAGES = ("images", "images[]", "image")
UPLOAD_TIMEOUT_S = 900.0
"""For all images of a job: 50 of 25 MB at 12 Mbit/s."""
POLL_AFTER_S = 2
MAX_PAGE = 100
MAX_ID_LENGTH = 128


def router(intake: Intake, gate: Gate, memory: Admission, settings: Settings) -> APIRouter:
    """Make the routes.

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
        responses=RESPONSES,
        openapi_extra=request_body(settings),
    )
    async def create(request: Request, visit: entered) -> JSONResponse:
        """Answers as soon as all images are kept safely. They are done whatever happens."""
        with memory.admit(2 * settings.max_image_bytes):  # while it arrives, and as it is kept
            try:
                async with asyncio.timeout(UPLOAD_TIMEOUT_S), intake.receiving(visit) as draft:
                    job = await _receive(request, draft, settings.max_image_bytes)
            except TimeoutError as error:
                raise DeadlineExceeded(UPLOAD_TIMEOUT_S) from error
        headers = {"Location": f"{answers.PATH}/{job.id}", "Retry-After": str(POLL_AFTER_S)}
        return JSONResponse(answers.accepted(job), status_code=202, headers=headers)

    @routes.get("", operation_id="listBulkJobs", summary="The newest jobs", responses=RESPONSES)
    async def newest(
        visit: entered,
        limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = 20,
        before: datetime | None = None,
    ) -> dict[str, Any]:
        """Those of the key's account, newest first; `next` continues where this page ends."""
        utc = before.astimezone(UTC) if before else None
        jobs = await intake.newest(visit, before=utc, limit=limit)
        last = f"{jobs[-1].created_at:%Y-%m-%dT%H:%M:%S.%fZ}" if len(jobs) == limit else None
        return {"jobs": [answers.summary(job) for job in jobs], "next_before": last}

    @routes.get("/{job_id}", operation_id="getBulkJob", summary="One job", responses=RESPONSES)
    async def status(job_id: str, visit: entered) -> JSONResponse:
        """How far it is, and what became of each image."""
        job = await intake.find(job_id, visit)
        headers = {} if job.finished_at else {"Retry-After": str(POLL_AFTER_S)}
        return JSONResponse(answers.full(job), headers=headers)

    @routes.get(
        "/{job_id}/items/{number}",
        operation_id="getBulkResult",
        summary="One result",
        response_class=Response,
        responses=RESPONSES,
    )
    async def result(job_id: str, number: int, visit: entered) -> StreamingResponse:
        """The image, as soon as it is done."""
        job = await intake.find(job_id, visit)
        said = _result(job, number)
        name = archive.names(job)[number]
        return StreamingResponse(
            await intake.opened(f"{job.id}/out/{number}"),
            media_type=said["media_type"],
            headers={
                "Content-Length": str(said["size_bytes"]),
                "Content-Disposition": f'inline; filename="{name}"',
            },
        )

    @routes.get(
        "/{job_id}/archive",
        operation_id="getBulkArchive",
        summary="All results as one ZIP",
        response_class=Response,
        responses=RESPONSES,
    )
    async def whole(job_id: str, visit: entered) -> StreamingResponse:
        """All images that succeeded so far, named by their `custom_id` or file name."""
        job = await intake.find(job_id, visit)
        named = archive.names(job)
        if not named:
            raise NoResult("No image of this job has a result.")
        first = min(named)
        await intake.opened(f"{job.id}/out/{first}")  # what is not there is told beforehand
        return StreamingResponse(
            archive.stream(job, intake.storage),
            media_type="application/zip",
            headers={"Content-Disposition": f'attachment; filename="{job.id}.zip"'},
        )

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


async def _receive(request: Request, draft: Draft, max_image_bytes: int) -> Job:
    texts: dict[str, str] = {}
    ids: list[str] = []
    async for part in parts(request, max_image_bytes):
        if part.filename is not None and (part.filename or part.data):
            await _keep(draft, part)
        elif part.name == "custom_id":
            ids.append(_id(part.text))
        else:
            texts[part.name] = part.text
    metadata = _metadata(texts.pop("metadata", "{}"))
    check_background(parse(texts), has_backdrop=draft.has_backdrop)
    return await draft.accept(texts, metadata, ids)


async def _keep(draft: Draft, part: Part) -> None:
    if part.name in IMAGES:
        await draft.add(_printable(part.filename or "image"), bytes(part.data))
    elif part.name == "bg_image":
        await draft.add_backdrop(bytes(part.data))
    else:
        raise BadRequest(f"Send the images in fields named `images`, not {part.name[:40]!r}.")


def _printable(name: str) -> str:
    return "".join(letter if letter.isprintable() else "_" for letter in name)[:255]


def _metadata(text: str) -> dict[str, Any]:
    """The caller's own object, as it can be kept and said again.

    Raises:
        BadRequest: it is none, or it holds what JSON cannot say.
    """
    try:
        found = json.loads(text or "{}", parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise BadRequest("metadata is no valid JSON.") from error
    if not isinstance(found, dict):
        raise BadRequest('metadata must be one JSON object, e.g. {"order": "12"}.')
    if any(isinstance(value, dict | list) for value in found.values()) or "\\u0000" in text:
        raise BadRequest("metadata must be flat: texts, numbers and booleans.")
    return found


def _refuse(constant: str) -> None:
    raise ValueError(constant)


def _id(text: str) -> str:
    if len(text) > MAX_ID_LENGTH or not text.isprintable():
        raise BadRequest(f"custom_id must be at most {MAX_ID_LENGTH} letters that can be printed.")
    return text


def _result(job: Job, number: int) -> dict[str, Any]:
    if not 0 <= number < len(job.items):
        raise NoResult(f"This job has the images 0 to {len(job.items) - 1}.")
    item = job.items[number]
    if item.result is None:
        raise NoResult(f"This image has no result: it is {item.status.value}.")
    return item.result
