"""Items of jobs in the database. Blocking: call it from a thread in async code."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, update
from sqlalchemy.orm import Session

from gateway.accounts.tables import KeyRow
from gateway.bulk.job import ItemStatus, Job
from gateway.bulk.tables import ItemRow, JobRow
from gateway.observability.metrics import BULK_IMAGES


class ItemStore:
    """Updates items, one transaction each. The first final status of an item is never changed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

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

    def mark_succeeded(self, job: Job, number: int, result: dict[str, Any]) -> bool:
        """Store an item's result and charge one image to the job's key.

        Returns:
            False, and nothing is charged, if the item had a final status or does not exist.
        """
        with Session(self._engine) as session, session.begin():
            updated = finish_items(session, job.id, ItemStatus.SUCCEEDED, number, result=result)
            if updated:
                images = update(KeyRow).where(KeyRow.id == job.key_id)
                session.execute(images.values(images=KeyRow.images + 1))
            return bool(updated)

    def mark_failed(self, job_id: str, problem: dict[str, Any], number: int | None = None) -> None:
        """Store why an item failed; without a number, for all pending items of the job."""
        with Session(self._engine) as session, session.begin():
            finish_items(session, job_id, ItemStatus.FAILED, number, problem=problem)


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
