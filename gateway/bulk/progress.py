"""A job's progress, as it happens."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

from gateway.accounts.gate import Visit
from gateway.bulk.intake import Intake
from gateway.bulk.job import Item, ItemStatus, Job

POLL_S = 0.5


@dataclass(frozen=True)
class Progress:
    """News of a job."""

    job: Job
    image: Item | None
    """One that has become final; None: the job itself has ended."""
    told: str
    """All that was told so far. Who was told goes on from there, here or at another replica."""


async def watch(intake: Intake, job: Job, visit: Visit, told: str = "") -> AsyncIterator[Progress]:
    """Tell of each image once, and then of the job's end; or until the service stops.

    However many watch a job, the database is asked once.

    Args:
        intake: knows the jobs.
        job: as it is now.
        visit: whose it is.
        told: of the last that is known; unknown ones tell everything.

    Raises:
        NoJob: it was deleted.
        JobsUnavailable: the database does not answer.
    """
    seen = _seen(told)
    while True:
        for item in job.items:
            if item.status is not ItemStatus.PENDING and not seen >> item.number & 1:
                seen |= 1 << item.number
                yield Progress(job, item, f"{seen:x}")
        if job.finished_at:
            yield Progress(job, None, f"{seen:x}")
            return
        if await intake.stops_within(POLL_S):
            return
        job = await intake.glance(job.id, visit)


def _seen(told: str) -> int:
    """The images told of, one bit each."""
    try:
        return max(0, int(told or "0", 16))
    except ValueError:
        return 0
