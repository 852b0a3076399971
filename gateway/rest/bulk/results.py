"""Routes that return the results of jobs: one by one, or as one ZIP."""

from fastapi import APIRouter, Response
from fastapi.responses import RedirectResponse

from gateway.bulk.job_json import PATH
from gateway.bulk.results import StoredResult
from gateway.bulk.services import BulkServices
from gateway.rest.bulk.openapi import RESPONSES
from gateway.rest.dependencies import CurrentCaller, Services
from gateway.rest.streamed_response import OutgoingStream

router = APIRouter(prefix=PATH, tags=["Bulk"])


@router.get(
    "/{job_id}/items/{number}",
    operation_id="getBulkResult",
    summary="Get one result",
    response_class=Response,
    responses=RESPONSES,
)
async def get_result(job_id: str, number: int, bulk: Services, caller: CurrentCaller) -> Response:
    """Return the cut-out as soon as its image is finished, or a redirect to it."""
    return await send_result(bulk, await bulk.results.find(job_id, number, caller), "inline")


async def send_result(bulk: BulkServices, result: StoredResult, disposition: str) -> Response:
    """Return a result, or a redirect to where the storage has it.

    Args:
        bulk: has the storage.
        result: found for the caller.
        disposition: `inline`, or `attachment` for browsers that are to store it.
    """
    if result.url:
        return RedirectResponse(result.url, headers={"Cache-Control": "no-store"})
    return OutgoingStream(
        await bulk.results.open(result),
        media_type=result.media_type,
        headers={
            "Content-Length": str(result.size_bytes),
            "Content-Disposition": f'{disposition}; filename="{result.file_name}"',
        },
    )


@router.get(
    "/{job_id}/archive",
    operation_id="getBulkArchive",
    summary="Get all results as one ZIP",
    response_class=Response,
    responses=RESPONSES,
)
async def get_archive(job_id: str, bulk: Services, caller: CurrentCaller) -> OutgoingStream:
    """Return all cut-outs that are finished so far, named by their `custom_id` or file name."""
    return OutgoingStream(
        await bulk.results.open_archive(job_id, caller),
        media_type="application/zip",
        headers={"Content-Disposition": f'attachment; filename="{job_id}.zip"'},
    )
