"""Items of jobs in the database. Blocking: call it from a thread in async code."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, update
from sqlalchemy.orm import Session

from gateway.accounts import usage_store
from gateway.accounts.usage_store import ERROR, IMAGES, MINUTE_S, PIXELS, UsageStore
from gateway.bulk.job import ItemStatus, Job
from gateway.bulk.tables import ItemRow, JobRow
from gateway.errors import GatewayError
from gateway.observability.metrics import BULK_IMAGES
from gateway.problems import problem


class ItemStore:
    """Updates items, one transaction each. The first final status of an item is never changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine, self._usage = engine, UsageStore(engine)

    def start_attempt(self, job_id: str, number: int) -> int | None:
        """Count an attempt at an item.

        Returns:
            The attempt's number, from 1; None if the job is canceled or expired.

        Raises:
            NoResultFound: the job is deleted.
        """
        now = datetime.now(UTC)
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(JobRow)
                .where(JobRow.id == job_id)
                .values(started_at=func.coalesce(JobRow.started_at, now))
            )
            job = session.get_one(JobRow, job_id)
            if job.canceled_at or job.expires_at <= now:
                return None
            item = session.get_one(ItemRow, (job_id, number))
            item.attempts += 1
            return item.attempts

    def check_quota(self, job: Job) -> None:
        """Raise QuotaExceeded if the images of this month of the job's key are used up."""
        self._usage.check_quota(job.key_id)

    def mark_succeeded(self, job: Job, number: int, result: dict[str, Any], pixels: int) -> bool:
        """Store an item's result and charge one image to the job's key.

        Args:
            job: of the item.
            number: of the item.
            result: what is told of it.
            pixels: of the files that were sent.

        Returns:
            False, and nothing is charged, if the item had a final status or does not exist.
        """
        with Session(self._engine) as session, session.begin():
            updated = finish_items(session, job.id, ItemStatus.SUCCEEDED, number, result=result)
            if updated:
                self._count(session, job.key_id, {IMAGES: 1, PIXELS: pixels})
            return bool(updated)

    def mark_failed(self, job_id: str, error: GatewayError, number: int | None = None) -> None:
        """Store why an item failed; without a number, for all pending items of the job."""
        with Session(self._engine) as session, session.begin():
            failed = finish_items(
                session, job_id, ItemStatus.FAILED, number, problem=problem(error)
            )
            if failed:
                key_id = session.get_one(JobRow, job_id).key_id
                self._count(session, key_id, {ERROR + error.slug: failed})

    def _count(self, session: Session, key_id: int, measures: dict[str, int]) -> None:
        """Count what an item used, in its own transaction: exactly once, whatever crashes."""
        minute_s = int(self._usage.clock()) // MINUTE_S * MINUTE_S
        usage_store.add(session.connection(), {(key_id, minute_s): measures})


def finish_items(
    session: Session, job_id: str, status: ItemStatus, number: int | None = None, **values: Any
) -> int:
    """Give a final status to a pending item, or without a number to all pending items of a job.

    Returns:
        How many items were pending.
    """
    change = (
        update(ItemRow)
        .where(ItemRow.job_id == job_id, ItemRow.status == ItemStatus.PENDING)
        .values(status=status, **values)
    )
    if number is not None:
        change = change.where(ItemRow.number == number)
    updated: Any = session.execute(change)
    BULK_IMAGES.labels(status).inc(updated.rowcount)
    return int(updated.rowcount)
