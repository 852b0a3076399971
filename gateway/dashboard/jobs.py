"""The page of bulk jobs: the list, and the form that makes new ones."""

from collections.abc import AsyncIterator
from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from gateway.bulk.job import MAX_IMAGES
from gateway.dashboard import job_words, redirects
from gateway.dashboard.caller import CurrentCaller
from gateway.dashboard.dashboard import CurrentDashboard
from gateway.dashboard.forms import check_token
from gateway.dashboard.job_words import JOBS
from gateway.dashboard.option_fields import option_fields
from gateway.dashboard.pages import is_navigation, render
from gateway.errors import StaleForm
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


@uploads.post("")
async def create(request: Request, bulk: Services, caller: CurrentCaller) -> Response:
    """Make a job from a form, through the same receiver as `POST /v1/bulk`.

    The token is the form's first field: nothing is stored before it was checked.
    """
    parts = parse_parts(request, bulk.receiver.max_image_bytes)
    first = await anext(parts, Part())
    if first.name != "csrf_token":
        raise StaleForm
    check_token(request, first.text)
    await caller.spend_request()
    key = request.headers.get("idempotency-key", "")
    async with bulk.receiver.receive(caller, key) as draft:
        job = await receive_job(_filled(parts), draft)
    url = f"{JOBS}/{job.id}"
    if is_navigation(request):
        return redirects.to(url)
    body = {"job_id": job.id, "url": url, "image_count": len(job.items)}
    return JSONResponse(body, HTTPStatus.CREATED)


async def _filled(parts: AsyncIterator[Part]) -> AsyncIterator[Part]:
    """Leave out what the visitor did not fill in: browsers send those fields too."""
    async for part in parts:
        if part.data or part.filename:
            yield part
