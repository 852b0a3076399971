"""Jobs that somebody has to look after. Blocking: call it from a thread in async code."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from gateway.bulk.job import Status
from gateway.bulk.tables import ItemRow, JobRow

MOST_AT_ONCE = 1000
REMEMBERED = timedelta(days=7)
"""For so long a job is known as expired."""


class Leftovers:
    """Finds them in the database, and removes them there."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def unbegun(self) -> list[tuple[str, int, datetime]]:
        """Jobs that were accepted and have not begun: id, account, and since when, oldest first."""
        query = (
            select(JobRow.id, JobRow.account_id, JobRow.created_at)
            .where(JobRow.status == Status.PROCESSING, JobRow.started_at.is_(None))
            .order_by(JobRow.created_at)
        )
        with Session(self._engine) as session:
            return [(row.id, row.account_id, row.created_at) for row in session.execute(query)]

    def still_to_do(self, job_ids: list[str]) -> list[tuple[str, int]]:
        """Of some jobs, those that have not ended, with their accounts."""
        query = select(JobRow.id, JobRow.account_id).where(
            JobRow.id.in_(job_ids), JobRow.status == Status.PROCESSING
        )
        with Session(self._engine) as session:
            return [(row.id, row.account_id) for row in session.execute(query)]

    def expired(self) -> list[str]:
        """Jobs whose blobs are to go; one that is being worked on is not among them."""
        ended = [status for status in Status if status not in (Status.PROCESSING, Status.EXPIRED)]
        query = select(JobRow.id).where(
            JobRow.status.in_(ended), JobRow.expires_at <= datetime.now(UTC)
        )
        with Session(self._engine) as session:
            return list(session.scalars(query))

    def without_blobs(self, job_id: str) -> None:
        """A job's blobs are gone: it is known as expired, unless it was deleted, or never a job."""
        never = (JobRow.status == Status.RECEIVING) | JobRow.deleted_at.is_not(None)
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(JobRow).where(JobRow.id == job_id, ~never).values(status=Status.EXPIRED)
            )
            _delete(
                session, list(session.scalars(select(JobRow.id).where(JobRow.id == job_id, never)))
            )

    def forget_old(self) -> None:
        """Forget what has expired long ago."""
        old = JobRow.expires_at <= datetime.now(UTC) - REMEMBERED
        query = select(JobRow.id).where(JobRow.status == Status.EXPIRED, old).limit(MOST_AT_ONCE)
        with Session(self._engine) as session:
            found = list(session.scalars(query))
        if found:
            with Session(self._engine) as session, session.begin():
                _delete(session, found)


def _delete(session: Session, job_ids: list[str]) -> None:
    session.execute(delete(ItemRow).where(ItemRow.job_id.in_(job_ids)))
    session.execute(delete(JobRow).where(JobRow.id.in_(job_ids)))
