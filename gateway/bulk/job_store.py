"""Jobs in the database. Blocking: call it from a thread in async code."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.bulk import rows
from gateway.bulk.answers import ended
from gateway.bulk.item_store import end
from gateway.bulk.job import ItemStatus, Job, Status, outcome
from gateway.bulk.tables import ItemRow, JobRow
from gateway.metrics import BULK_JOBS
from gateway.webhooks import delivery_store

RECEIVED_WITHIN = timedelta(minutes=2)
"""Unless its process says again that it is being received: then the process has died."""


@dataclass(frozen=True)
class Asked:
    """What is asked for with the images of a job."""

    options: dict[str, str]
    """As they were sent; checked."""
    metadata: dict[str, Any]
    webhook_url: str | None
    has_backdrop: bool
    fingerprint: str | None
    """Of all that was sent, if it came with an idempotency key."""
    traceparent: str | None = None
    """Of the request; the work goes on with its trace, in whatever process."""


class JobStore:
    """Every change is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(self, job_id: str, *, account_id: int, key_id: int, idempotency_key: str) -> bool:
        """Note that a job is being received: what is stored for it from now on has an owner.

        Returns:
            False: there is one with this idempotency key.
        """
        now = datetime.now(UTC)
        row = JobRow(
            id=job_id,
            account_id=account_id,
            key_id=key_id,
            status=Status.RECEIVING,
            options={},
            data={},
            has_backdrop=False,
            created_at=now,
            expires_at=now + RECEIVED_WITHIN,
            idempotency_key=idempotency_key or None,
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
        except IntegrityError:
            return False
        return True

    def hold(self, job_id: str) -> None:
        """It is still being received."""
        change = update(JobRow).where(JobRow.id == job_id, JobRow.status == Status.RECEIVING)
        with Session(self._engine) as session, session.begin():
            session.execute(change.values(expires_at=datetime.now(UTC) + RECEIVED_WITHIN))

    def accept(
        self, job_id: str, asked: Asked, names: Sequence[tuple[str, str]], lives: timedelta
    ) -> Job:
        """Make it a job, with an image for each name and custom id.

        Raises:
            TimeoutError: its time was over, so that what was kept of it may be gone.
        """
        now = datetime.now(UTC)
        change = (
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.expires_at > now)
            .values(
                status=Status.PROCESSING,
                options=asked.options,
                data=asked.metadata,
                webhook_url=asked.webhook_url,
                has_backdrop=asked.has_backdrop,
                fingerprint=asked.fingerprint,
                traceparent=asked.traceparent,
                expires_at=now + lives,
            )
        )
        with Session(self._engine) as session, session.begin():
            done: Any = session.execute(change)  # begins with a write: see `database`
            if not done.rowcount:
                raise TimeoutError
            session.add_all(
                ItemRow(
                    job_id=job_id,
                    number=number,
                    name=name,
                    custom_id=custom_id,
                    status=ItemStatus.PENDING,
                )
                for number, (name, custom_id) in enumerate(names)
            )
        return self.get(job_id)

    def give_up(self, job_id: str) -> None:
        """A job was not received in full: its time is over, whatever was written of it."""
        change = update(JobRow).where(JobRow.id == job_id)
        over = {"status": Status.RECEIVING, "expires_at": datetime.now(UTC)}
        with Session(self._engine) as session, session.begin():
            session.execute(change.values(**over, idempotency_key=None))

    def forget(self, job_id: str) -> None:
        """Forget a job whose blobs are gone."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(ItemRow).where(ItemRow.job_id == job_id))
            session.execute(delete(JobRow).where(JobRow.id == job_id))

    def get(self, job_id: str) -> Job:
        """The job, whoever owns it.

        Raises:
            NoResultFound: there is none.
        """
        with Session(self._engine) as session:
            row = session.get_one(JobRow, job_id)
            return rows.job(row, rows.items(session, [job_id]))

    def find(self, job_id: str, account_id: int) -> Job | None:
        """An account's job; None if there is none that it may see."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            if row is None or row.account_id != account_id or row.deleted_at:
                return None
            if row.status == Status.RECEIVING:
                return None
            return rows.job(row, rows.items(session, [job_id]))

    def with_key(self, account_id: int, idempotency_key: str) -> Job | None:
        """The job that an account made with an idempotency key, also one still being received."""
        query = select(JobRow).where(
            JobRow.account_id == account_id, JobRow.idempotency_key == idempotency_key
        )
        with Session(self._engine) as session:
            row = session.scalar(query)
            return rows.job(row, rows.items(session, [row.id])) if row else None

    def newest(self, account_id: int, *, before: datetime | None, limit: int) -> list[Job]:
        """An account's jobs, newest first.

        Args:
            account_id: of it.
            before: only those that were made before.
            limit: how many at most.
        """
        query = (
            select(JobRow)
            .where(JobRow.account_id == account_id, JobRow.status != Status.RECEIVING)
            .where(JobRow.deleted_at.is_(None))
            .order_by(JobRow.created_at.desc())
            .limit(limit)
        )
        if before:
            query = query.where(JobRow.created_at < before)
        with Session(self._engine) as session:
            found = session.scalars(query).all()
            items = rows.items(session, [row.id for row in found])
            return [rows.job(row, items) for row in found]

    def open(self, account_id: int) -> int:
        """How many jobs of an account are being received or done."""
        query = select(func.count()).where(
            JobRow.account_id == account_id,
            JobRow.status.in_((Status.RECEIVING, Status.PROCESSING)),
        )
        with Session(self._engine) as session:
            return session.scalar(query) or 0

    def is_over(self, job_id: str) -> bool:
        """Whether no further image of a job is to be done."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            return row is None or bool(row.canceled_at) or row.expires_at <= datetime.now(UTC)

    def cancel(self, job_id: str) -> None:
        """Ask for an end: no further image is begun. A job that has not begun ends now."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(JobRow)
                .where(JobRow.id == job_id, JobRow.finished_at.is_(None))
                .where(JobRow.canceled_at.is_(None))
                .values(canceled_at=datetime.now(UTC))
            )
            has_begun = session.get_one(JobRow, job_id).started_at is not None
        if not has_begun:
            self.finish(job_id)

    def finish(self, job_id: str) -> None:
        """End a job: what is pending still was canceled. Its owner is to be told of it, once."""
        with Session(self._engine) as session, session.begin():
            end(session, job_id, ItemStatus.CANCELED)
            row = session.get_one(JobRow, job_id, with_for_update=True)
            if row.finished_at is None:
                row.finished_at = datetime.now(UTC)
                row.status = outcome(rows.job(row, rows.items(session, [job_id])))
                BULK_JOBS.labels(row.status).inc()
                if row.webhook_url and not row.deleted_at:
                    delivery_store.add(session, **_webhook(session, row))

    def drop(self, job_id: str) -> None:
        """End a job's time now: nobody sees it any more, and it is swept once it has ended."""
        now = datetime.now(UTC)
        change = update(JobRow).where(JobRow.id == job_id)
        with Session(self._engine) as session, session.begin():
            session.execute(change.values(expires_at=now, deleted_at=now, idempotency_key=None))
            delivery_store.remove(session, job_id)
        self.cancel(job_id)


def _webhook(session: Session, row: JobRow) -> dict[str, Any]:
    job = rows.job(row, rows.items(session, [row.id]))
    job = replace(job, status=Status(row.status))  # not `expired`, if that is why it ends
    return {
        "account_id": job.account_id,
        "job_id": job.id,
        "url": job.webhook_url,
        "body": ended(job),
    }
