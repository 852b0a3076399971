"""The page of bulk jobs: the list, and the form that makes new ones."""

from collections.abc import AsyncIterator
from contextlib import suppress
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

from gateway.bulk.job import MAX_IMAGES
from gateway.dashboard import job_words, redirects
from gateway.dashboard.caller import CurrentCaller
from gateway.dashboard.dashboard import CurrentDashboard
from gateway.dashboard.forms import check_token
from gateway.dashboard.job_words import JOBS
from gateway.dashboard.option_fields import option_fields
from gateway.dashboard.pages import is_navigation, render
from gateway.errors import BadRequest
from gateway.rest.bulk.create import receive_job
from gateway.rest.bulk.parts import Part, parse_parts
from gateway.rest.dependencies import Services
from gateway.rest.paging import PageQuery, next_before

router = APIRouter(prefix=JOBS)
uploads = APIRouter(prefix=JOBS)
"""Checks the token itself: a form with images must be read while it arrives."""


@router.get("")
async def show(
    request: Request,
    dashboard: CurrentDashboard,
    bulk: Services,
    caller: CurrentCaller,
    page: PageQuery,
) -> Response:
    """Show the account's jobs, newest first, and the form."""
    jobs = await bulk.jobs.list_jobs(caller, page)
    models = dashboard.handler.remover.models.usable(caller.key.models)
    important, more = option_fields([each.name for each in models])
    return render(
        request,
        "jobs.html",
        words=job_words,
        jobs=jobs.entries,
        is_first=page.before is None,
        next_before=next_before(jobs),
        important=important,
        more=more,
        settings=dashboard.settings,
        max_images=MAX_IMAGES,
    )


async def _checked_parts(request: Request, bulk: Services) -> AsyncIterator[Part]:
    """Return the parts of a form that this browser's own page sent: the token is checked first."""
    parts = parse_parts(request, bulk.receiver.max_image_bytes)
    check_token(request, await _token(request, parts))
    return parts


@uploads.post("")
async def create(
    request: Request,
    parts: Annotated[AsyncIterator[Part], Depends(_checked_parts)],
    bulk: Services,
    caller: CurrentCaller,
) -> Response:
    """Make a job from a form, through the same receiver as `POST /v1/bulk`."""
    await caller.spend_request()
    key = request.headers.get("idempotency-key", "")
    async with bulk.receiver.receive(caller, key) as draft:
        job = await receive_job(_filled(parts), draft)
    url = f"{JOBS}/{job.id}"
    if is_navigation(request):
        return redirects.to(url)
    body = {"job_id": job.id, "url": url, "image_count": len(job.items)}
    return JSONResponse(body, HTTPStatus.CREATED)


async def _token(request: Request, parts: AsyncIterator[Part]) -> str:
    """Return the token that was sent: as the header, or as the form's first field."""
    if sent := request.headers.get("x-csrf-token", ""):
        return sent
    with suppress(BadRequest):  # what is no form carries no token
        first = await anext(parts, Part())
        return first.text if first.name == "csrf_token" else ""
    return ""


async def _filled(parts: AsyncIterator[Part]) -> AsyncIterator[Part]:
    """Leave out what the visitor did not fill in: browsers send those fields too."""
    async for part in parts:
        if part.data or part.filename:
            yield part
