"""Drafts in the database. Blocking: call it from a thread in async code."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.bulk import rows
from gateway.bulk.job import ItemStatus, Job, JobStatus
from gateway.bulk.tables import ItemRow, JobRow

LEASE = timedelta(minutes=2)
"""A draft expires after this time unless its process renews the lease: the process has died."""


@dataclass(frozen=True)
class JobRequest:
    """The options of a job, validated."""

    options: dict[str, str]
    """As the caller sent them."""
    metadata: dict[str, Any]
    webhook_url: str | None
    has_backdrop: bool
    fingerprint: str | None
    """Hash of the whole request; None without an idempotency key."""
    traceparent: str | None = None
    """W3C trace context of the request, which the worker continues."""
    has_mask: bool = False
    has_trimap: bool = False


class DraftStore:
    """Creates, accepts and deletes drafts; each method is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, job_id: str, *, account_id: int, key_id: int, idempotency_key: str) -> bool:
        """Create a draft, so that the blobs stored under `job_id` have an owner.

        Returns:
            False if the account already has a job with this idempotency key.
        """
        now = datetime.now(UTC)
        row = JobRow(
            id=job_id,
            account_id=account_id,
            key_id=key_id,
            status=JobStatus.RECEIVING,
            options={},
            data={},
            has_backdrop=False,
            created_at=now,
            expires_at=now + LEASE,
            idempotency_key=idempotency_key or None,
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
        except IntegrityError:
            return False
        return True

    def renew_lease(self, job_id: str) -> None:
        """Extend a draft's lease by `LEASE` from now."""
        change = update(JobRow).where(JobRow.id == job_id, JobRow.status == JobStatus.RECEIVING)
        with Session(self._engine) as session, session.begin():
            session.execute(change.values(expires_at=datetime.now(UTC) + LEASE))

    def accept(
        self, job_id: str, request: JobRequest, names: Sequence[tuple[str, str]], ttl: timedelta
    ) -> Job:
        """Turn a draft into a job that expires `ttl` from now.

        Args:
            job_id: the draft.
            request: the job's options.
            names: name and custom ID of each image, in order.
            ttl: lifetime of the job and its results.

        Raises:
            TimeoutError: the lease has expired, so that the sweeper may have deleted its blobs.
        """
        now = datetime.now(UTC)
        change = (
            update(JobRow)
            .where(JobRow.id == job_id, JobRow.expires_at > now)
            .values(status=JobStatus.PROCESSING, expires_at=now + ttl, **_columns(request))
        )
        with Session(self._engine) as session, session.begin():
            updated: Any = session.execute(change)  # a write first: see `database`
            if not updated.rowcount:
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
        with Session(self._engine) as session:
            return rows.load_job(session, session.get_one(JobRow, job_id))

    def abandon(self, job_id: str) -> None:
        """Expire a draft now and free its idempotency key, even if it was just being accepted."""
        change = update(JobRow).where(JobRow.id == job_id)
        expired = {"status": JobStatus.RECEIVING, "expires_at": datetime.now(UTC)}
        with Session(self._engine) as session, session.begin():
            session.execute(change.values(**expired, idempotency_key=None))

    def delete(self, job_id: str) -> None:
        """Delete the rows of a draft whose blobs are deleted."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(ItemRow).where(ItemRow.job_id == job_id))
            session.execute(delete(JobRow).where(JobRow.id == job_id))

    def find_by_key(self, account_id: int, idempotency_key: str) -> Job | None:
        """Return the job or draft that an account created with an idempotency key, or None."""
        query = select(JobRow).where(
            JobRow.account_id == account_id, JobRow.idempotency_key == idempotency_key
        )
        with Session(self._engine) as session:
            row = session.scalar(query)
            return rows.load_job(session, row) if row else None

    def count_unfinished(self, account_id: int) -> int:
        """Return how many jobs and drafts of an account have not ended."""
        query = select(func.count()).where(
            JobRow.account_id == account_id,
            JobRow.status.in_((JobStatus.RECEIVING, JobStatus.PROCESSING)),
        )
        with Session(self._engine) as session:
            return session.scalar(query) or 0


def _columns(request: JobRequest) -> dict[str, Any]:
    columns = asdict(request)
    return {"data": columns.pop("metadata"), **columns}
