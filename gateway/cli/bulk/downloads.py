"""Downloads the results of a job as they become available."""

import asyncio
from functools import partial

from gateway.cli.bulk.run import BulkRun
from gateway.cli.bulk.state import Chunk
from gateway.cli.files import write_atomically
from gateway.client import BulkImage, BulkJob, ItemStatus, Problem
from gateway.concurrency import concurrently

AT_ONCE = 4
"""Downloads of one job at the same time."""
POLL_S = 2.0
"""Pause between two polls, unless the service recommends one."""


async def download_results(run: BulkRun, chunk: Chunk) -> None:
    """Poll the job of a chunk and download each new result, until no image is without one.

    Raises:
        Problem: `no-job` or `no-result` if a result will never become available.
    """
    while run.missing(chunk.images):
        job = await run.client.get(chunk.job_id)
        ended = [pair for pair in _ended_images(chunk, job) if run.missing([pair[0]])]
        async for _ in concurrently(ended, partial(_download, run, job), at_once=AT_ONCE):
            pass
        if run.missing(chunk.images):
            await asyncio.sleep(_pause_s(job))


def _ended_images(chunk: Chunk, job: BulkJob) -> list[tuple[str, BulkImage]]:
    uploaded = zip(chunk.images, job.images, strict=False)
    return [(name, image) for name, image in uploaded if image.status != ItemStatus.PENDING]


async def _download(run: BulkRun, job: BulkJob, ended: tuple[str, BulkImage]) -> None:
    name, image = ended
    if image.status != ItemStatus.SUCCEEDED:
        run.progress.failed(name, image.problem or f"It was {image.status.value}.")
        return
    data = await run.client.result(job.id, image.number)
    await asyncio.to_thread(write_atomically, run.results[name], data)
    run.progress.done(name)


def _pause_s(job: BulkJob) -> float:
    """Return the seconds until the next poll.

    Raises:
        Problem: the job has ended, so that polling it again is useless.
    """
    if job.ended or job.status == "expired":
        raise Problem("no-job", f"The job {job.id} has ended without all of its results.")
    return job.poll_after_s or POLL_S
