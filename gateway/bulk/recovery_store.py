"""Finds jobs that the sweeper must act on. Blocking: call it from a thread in async code."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from gateway.bulk.job import JobStatus
from gateway.bulk.tables import ItemRow, JobRow, WorkerRow

MAX_ROWS = 1000
EXPIRED_RETENTION = timedelta(days=7)
"""How long an expired job is still listed, without its results."""


class RecoveryStore:
    """Queries and deletes jobs of all accounts."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def not_started(self) -> list[tuple[str, int, datetime]]:
        """Return accepted jobs that have not started: ID, account, creation time; oldest first."""
        query = (
            select(JobRow.id, JobRow.account_id, JobRow.created_at)
            .where(JobRow.status == JobStatus.PROCESSING, JobRow.started_at.is_(None))
            .order_by(JobRow.created_at)
        )
        with Session(self._engine) as session:
            return [(row.id, row.account_id, row.created_at) for row in session.execute(query)]

    def unfinished(self, job_ids: list[str]) -> list[tuple[str, int]]:
        """Return those of the jobs that have not ended: ID and account."""
        query = select(JobRow.id, JobRow.account_id).where(
            JobRow.id.in_(job_ids), JobRow.status == JobStatus.PROCESSING
        )
        with Session(self._engine) as session:
            return [(row.id, row.account_id) for row in session.execute(query)]

    def requeue_all(self) -> int:
        """Mark the unfinished jobs as not started, so that the next sweep enqueues them.

        For a restored database, without DBOS's records and with the heartbeats of workers that do
        not exist any more, which are deleted.

        Returns:
            The number of unfinished jobs.
        """
        is_unfinished = JobRow.status == JobStatus.PROCESSING
        with Session(self._engine) as session, session.begin():
            session.execute(delete(WorkerRow))
            changed: Any = session.execute(
                update(JobRow).where(is_unfinished).values(started_at=None)
            )
            return int(changed.rowcount)

    def expired(self) -> list[str]:
        """Return the IDs of expired jobs and drafts that still have blobs.

        Jobs in progress are left out: their worker still writes blobs.
        """
        in_progress_or_swept = (JobStatus.PROCESSING, JobStatus.EXPIRED)
        query = select(JobRow.id).where(
            JobRow.status.in_(
                [status for status in JobStatus if status not in in_progress_or_swept]
            ),
            JobRow.expires_at <= datetime.now(UTC),
        )
        with Session(self._engine) as session:
            return list(session.scalars(query))

    def mark_swept(self, job_id: str) -> None:
        """After its blobs are deleted, mark a job as expired; delete a draft or a deleted job."""
        is_unwanted = (JobRow.status == JobStatus.RECEIVING) | JobRow.deleted_at.is_not(None)
        unwanted = select(JobRow.id).where(JobRow.id == job_id, is_unwanted)
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(JobRow)
                .where(JobRow.id == job_id, ~is_unwanted)
                .values(status=JobStatus.EXPIRED)
            )
            _delete(session, list(session.scalars(unwanted)))

    def delete_old(self) -> None:
        """Delete jobs that expired more than `EXPIRED_RETENTION` ago, at most `MAX_ROWS`."""
        is_old = JobRow.expires_at <= datetime.now(UTC) - EXPIRED_RETENTION
        query = select(JobRow.id).where(JobRow.status == JobStatus.EXPIRED, is_old).limit(MAX_ROWS)
        with Session(self._engine) as session:
            job_ids = list(session.scalars(query))
        if job_ids:
            with Session(self._engine) as session, session.begin():
                _delete(session, job_ids)


def _delete(session: Session, job_ids: list[str]) -> None:
    session.execute(delete(ItemRow).where(ItemRow.job_id.in_(job_ids)))
    session.execute(delete(JobRow).where(JobRow.id.in_(job_ids)))
