"""Results on their way back."""

import asyncio
from functools import partial

from gateway.bulk.job import ItemStatus
from gateway.cli.bulk.state import Chunk
from gateway.cli.bulk.work import Work
from gateway.cli.files import write
from gateway.client import BulkImage, BulkJob, Problem
from gateway.together import together

AT_ONCE = 4
"""Of one job."""
POLL_S = 2.0
"""Unless the service says how long."""


async def take(work: Work, chunk: Chunk) -> None:
    """Take each result of a chunk as soon as it is there, until it has no more.

    Raises:
        Problem: `no-job` or `no-result` when something is missing that will never be there.
    """
    while work.missing(chunk.images):
        job = await work.client.get(chunk.job_id)
        ended = [pair for pair in _ended(chunk, job) if work.missing([pair[0]])]
        async for _ in together(ended, partial(_one, work, job), at_once=AT_ONCE):
            pass
        if work.missing(chunk.images):
            await asyncio.sleep(_pause_s(job))


def _ended(chunk: Chunk, job: BulkJob) -> list[tuple[str, BulkImage]]:
    sent = zip(chunk.images, job.images, strict=False)
    return [(name, image) for name, image in sent if image.status != ItemStatus.PENDING]


async def _one(work: Work, job: BulkJob, ended: tuple[str, BulkImage]) -> None:
    name, image = ended
    if image.status != ItemStatus.SUCCEEDED:
        work.progress.failed(name, image.problem or f"It was {image.status.value}.")
        return
    data = await work.client.result(job.id, image.number)
    await asyncio.to_thread(write, work.results[name], data)
    work.progress.done(name)


def _pause_s(job: BulkJob) -> float:
    """How long to wait for news.

    Raises:
        Problem: there will be none.
    """
    if job.ended or job.status == "expired":
        raise Problem("no-job", f"The job {job.id} has ended without all of its results.")
    return job.look_again_s or POLL_S
