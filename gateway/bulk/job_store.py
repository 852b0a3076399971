"""Jobs in the database. Blocking: call it from a thread in async code."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from gateway.bulk import rows
from gateway.bulk.item_store import finish_items
from gateway.bulk.job import ItemStatus, Job, JobStatus, final_status
from gateway.bulk.job_json import as_webhook_message
from gateway.bulk.tables import JobRow
from gateway.observability.metrics import BULK_JOBS
from gateway.paging import Page, PageRequest
from gateway.webhooks import delivery_store


class JobStore:
    """Reads, cancels, finishes and deletes jobs; each change is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, job_id: str) -> Job:
        """Return a job or draft of any account.

        Raises:
            NoResultFound: it does not exist.
        """
        with Session(self._engine) as session:
            return rows.load_job(session, session.get_one(JobRow, job_id))

    def find(self, job_id: str, account_id: int) -> Job | None:
        """Return an account's job; None if the account cannot see such a job."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            if row is None or row.account_id != account_id or row.deleted_at:
                return None
            if row.status == JobStatus.RECEIVING:
                return None
            return rows.load_job(session, row)

    def list_jobs(self, account_id: int, page: PageRequest) -> Page[Job]:
        """Return a page of the jobs that an account can see."""
        query = (
            select(JobRow)
            .where(JobRow.account_id == account_id, JobRow.status != JobStatus.RECEIVING)
            .where(JobRow.deleted_at.is_(None))
        )
        with Session(self._engine) as session:
            job_rows = session.scalars(page.select(query, JobRow.created_at)).all()
            return page.page(rows.load_jobs(session, job_rows))

    def has_ended(self, job_id: str) -> bool:
        """Return whether a job is canceled, expired or deleted, so that no image may start."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            return row is None or bool(row.canceled_at) or row.expires_at <= datetime.now(UTC)

    def cancel(self, job_id: str) -> None:
        """Let no further image of a job start. A job that has not started ends at once."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(JobRow)
                .where(JobRow.id == job_id, JobRow.finished_at.is_(None))
                .where(JobRow.canceled_at.is_(None))
                .values(canceled_at=datetime.now(UTC))
            )
            has_started = session.get_one(JobRow, job_id).started_at is not None
        if not has_started:
            self.finish(job_id)

    def finish(self, job_id: str) -> None:
        """Cancel a job's pending items, set its final status and schedule its webhook, once."""
        with Session(self._engine) as session, session.begin():
            finish_items(session, job_id, ItemStatus.CANCELED)
            row = session.get_one(JobRow, job_id, with_for_update=True)
            if row.finished_at is None:
                row.finished_at = datetime.now(UTC)
                row.status = final_status(rows.load_job(session, row))
                BULK_JOBS.labels(row.status).inc()
                if row.webhook_url and not row.deleted_at:
                    delivery_store.add(session, **_delivery(session, row))

    def delete(self, job_id: str) -> None:
        """Hide a job from its owner and cancel it; the sweeper deletes it once it has ended."""
        now = datetime.now(UTC)
        change = update(JobRow).where(JobRow.id == job_id)
        with Session(self._engine) as session, session.begin():
            session.execute(change.values(expires_at=now, deleted_at=now, idempotency_key=None))
            delivery_store.remove(session, job_id)
        self.cancel(job_id)


def _delivery(session: Session, row: JobRow) -> dict[str, Any]:
    job = rows.load_job(session, row)
    # A job that ends because it has expired would otherwise be reported as `expired`.
    job = replace(job, status=JobStatus(row.status))
    return {
        "account_id": job.account_id,
        "job_id": job.id,
        "url": job.webhook_url,
        "body": as_webhook_message(job),
    }
