"""Jobs from their rows."""

from collections.abc import Sequence
from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.bulk.job import Item, ItemStatus, Job, Status
from gateway.bulk.tables import ItemRow, JobRow


def items(session: Session, job_ids: Sequence[str]) -> list[ItemRow]:
    """The images of some jobs, in their order."""
    query = select(ItemRow).where(ItemRow.job_id.in_(job_ids)).order_by(ItemRow.number)
    return list(session.scalars(query))


def job(row: JobRow, items: Sequence[ItemRow]) -> Job:
    """A job; of the images, those that are its own."""
    return Job(
        id=row.id,
        account_id=row.account_id,
        key_id=row.key_id,
        status=_status(row),
        options=row.options,
        metadata=row.data,
        has_backdrop=row.has_backdrop,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        canceled_at=row.canceled_at,
        webhook_url=row.webhook_url,
        fingerprint=row.fingerprint,
        traceparent=row.traceparent,
        items=tuple(_item(item) for item in items if item.job_id == row.id),
    )


def _status(row: JobRow) -> Status:
    """Its results are gone from the moment on that it expires, also before they are swept."""
    status = Status(row.status)
    is_over = row.finished_at is not None and row.expires_at <= datetime.now(UTC)
    return Status.EXPIRED if is_over else status


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
