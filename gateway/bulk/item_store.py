"""Images of jobs in the database. Blocking: call it from a thread in async code."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, update
from sqlalchemy.orm import Session

from gateway.accounts.tables import KeyRow
from gateway.bulk.job import ItemStatus, Job
from gateway.bulk.tables import ItemRow, JobRow
from gateway.metrics import BULK_IMAGES


class ItemStore:
    """Every change is one transaction; an image becomes final once, whoever says so how often."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def start(self, job_id: str, number: int) -> int | None:
        """Count an attempt, and say which one it is; None if the job is over."""
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

    def succeed(self, job: Job, number: int, result: dict[str, Any]) -> bool:
        """One image is done: it is charged, once.

        Returns:
            Whether it was this call that ended it.
        """
        with Session(self._engine) as session, session.begin():
            ended = end(session, job.id, ItemStatus.SUCCEEDED, number, result=result)
            if ended:
                images = update(KeyRow).where(KeyRow.id == job.key_id)
                session.execute(images.values(images=KeyRow.images + 1))
            return bool(ended)

    def fail(self, job_id: str, problem: dict[str, Any], number: int | None = None) -> None:
        """One image cannot be done, or all that are pending."""
        with Session(self._engine) as session, session.begin():
            end(session, job_id, ItemStatus.FAILED, number, problem=problem)


def end(
    session: Session, job_id: str, status: ItemStatus, number: int | None = None, **values: Any
) -> int:
    """Make an image final, or all that are pending; gives how many this call did."""
    change = (
        update(ItemRow)
        .where(ItemRow.job_id == job_id, ItemRow.status == ItemStatus.PENDING)
        .values(status=status, **values)
    )
    if number is not None:
        change = change.where(ItemRow.number == number)
    done: Any = session.execute(change)
    BULK_IMAGES.labels(status).inc(done.rowcount)
    return int(done.rowcount)
