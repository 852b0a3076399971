"""Turns database rows into jobs."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.bulk.job import Item, ItemStatus, Job, JobStatus
from gateway.bulk.tables import ItemRow, JobRow


def load_job(session: Session, row: JobRow) -> Job:
    """Return the job of a row, with its items."""
    return load_jobs(session, [row])[0]


def load_jobs(session: Session, job_rows: Sequence[JobRow]) -> list[Job]:
    """Return the jobs of some rows in the same order; one query loads the items of all."""
    job_ids = [row.id for row in job_rows]
    query = select(ItemRow).where(ItemRow.job_id.in_(job_ids)).order_by(ItemRow.number)
    item_rows = session.scalars(query).all()
    return [
        _job(row, [item_row for item_row in item_rows if item_row.job_id == row.id])
        for row in job_rows
    ]


def _job(row: JobRow, item_rows: Sequence[ItemRow]) -> Job:
    return Job(
        id=row.id,
        account_id=row.account_id,
        key_id=row.key_id,
        status=_status(row),
        options=row.options,
        metadata=row.data,
        has_backdrop=row.has_backdrop,
        has_mask=row.has_mask,
        has_trimap=row.has_trimap,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        canceled_at=row.canceled_at,
        webhook_url=row.webhook_url,
        fingerprint=row.fingerprint,
        traceparent=row.traceparent,
        items=tuple(_item(item_row) for item_row in item_rows),
    )


def _status(row: JobRow) -> JobStatus:
    """Return `expired` from the moment of expiry, even before the sweeper has deleted the blobs."""
    is_expired = row.finished_at is not None and row.expires_at <= datetime.now(UTC)
    return JobStatus.EXPIRED if is_expired else JobStatus(row.status)


def _item(row: ItemRow) -> Item:
    return Item(
        number=row.number,
        name=row.name,
        custom_id=row.custom_id,
        status=ItemStatus(row.status),
        attempts=row.attempts,
        problem=row.problem,
        result=row.result,
    )
