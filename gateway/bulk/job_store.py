"""Jobs in the database. Blocking: call it from a thread in async code."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, func, select, update
from sqlalchemy.orm import Session

from gateway.accounts.tables import KeyRow
from gateway.bulk.job import Item, ItemStatus, Job, Status, outcome
from gateway.bulk.tables import ItemRow, JobRow


class JobStore:
    """Every change is one transaction; an image becomes final once, whoever says so how often."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def begin(
        self,
        job_id: str,
        *,
        account_id: int,
        key_id: int,
        lives: timedelta,
    ) -> None:
        """Note that a job is being received: what is stored for it from now on has an owner."""
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
            expires_at=now + lives,
        )
        with Session(self._engine) as session, session.begin():
            session.add(row)

    def accept(
        self,
        job_id: str,
        *,
        options: dict[str, str],
        metadata: dict[str, Any],
        has_backdrop: bool,
        names: Sequence[tuple[str, str]],
    ) -> Job:
        """Make it a job, with an image for each name and custom id."""
        change = (
            update(JobRow)
            .where(JobRow.id == job_id)
            .values(
                status=Status.PROCESSING,
                options=options,
                data=metadata,
                has_backdrop=has_backdrop,
            )
        )
        with Session(self._engine) as session, session.begin():
            session.execute(change)  # begins with a write: see `database`
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

    def get(self, job_id: str) -> Job:
        """The job, whoever owns it.

        Raises:
            NoResultFound: there is none.
        """
        with Session(self._engine) as session:
            row = session.get_one(JobRow, job_id)
            return _job(row, _items(session, [job_id]))

    def find(self, job_id: str, account_id: int) -> Job | None:
        """An account's job; None if there is none that it may see."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            if not row or row.account_id != account_id or not _is_visible(row):
                return None
            return _job(row, _items(session, [job_id]))

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
            .where(JobRow.expires_at > datetime.now(UTC))
            .order_by(JobRow.created_at.desc())
            .limit(limit)
        )
        if before:
            query = query.where(JobRow.created_at < before)
        with Session(self._engine) as session:
            rows = session.scalars(query).all()
            items = _items(session, [row.id for row in rows])
            return [_job(row, items) for row in rows]

    def start_item(self, job_id: str, number: int) -> int | None:
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

    def is_over(self, job_id: str) -> bool:
        """Whether no further image of a job is to be done."""
        with Session(self._engine) as session:
            row = session.get(JobRow, job_id)
            return row is None or bool(row.canceled_at) or row.expires_at <= datetime.now(UTC)

    def succeed(self, job: Job, number: int, result: dict[str, Any]) -> bool:
        """One image is done: it is charged, once.

        Returns:
            Whether it was this call that ended it.
        """
        with Session(self._engine) as session, session.begin():
            ended = _finish(session, job.id, ItemStatus.SUCCEEDED, number, result=result)
            if ended:
                images = update(KeyRow).where(KeyRow.id == job.key_id)
                session.execute(images.values(images=KeyRow.images + 1))
            return ended

    def fail(self, job_id: str, problem: dict[str, Any], number: int | None = None) -> None:
        """One image cannot be done, or all that are pending."""
        with Session(self._engine) as session, session.begin():
            _finish(session, job_id, ItemStatus.FAILED, number, problem=problem)

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

    def finish(self, job_id: str) -> Job:
        """End a job: what is pending still was canceled."""
        with Session(self._engine) as session, session.begin():
            session.execute(
                update(ItemRow)
                .where(ItemRow.job_id == job_id, ItemRow.status == ItemStatus.PENDING)
                .values(status=ItemStatus.CANCELED)
            )
            row = session.get_one(JobRow, job_id)
            if row.finished_at is None:
                row.status = outcome(_job(row, _items(session, [job_id])))
                row.finished_at = datetime.now(UTC)
        return self.get(job_id)

    def drop(self, job_id: str) -> None:
        """End a job's time now: nobody sees it any more, and it is swept once it has ended."""
        self.cancel(job_id)
        now = datetime.now(UTC)
        with Session(self._engine) as session, session.begin():
            session.execute(update(JobRow).where(JobRow.id == job_id).values(expires_at=now))

    def delete(self, job_id: str) -> None:
        """Forget a job."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(ItemRow).where(ItemRow.job_id == job_id))
            session.execute(delete(JobRow).where(JobRow.id == job_id))

    def expired(self) -> list[str]:
        """Jobs whose time is over; one that is being worked on is not among them."""
        query = select(JobRow.id).where(
            JobRow.expires_at <= datetime.now(UTC), JobRow.status != Status.PROCESSING
        )
        with Session(self._engine) as session:
            return list(session.scalars(query))

    def unbegun(self) -> list[tuple[str, int]]:
        """Jobs that were accepted and have not begun, with their account."""
        query = select(JobRow.id, JobRow.account_id).where(
            JobRow.status == Status.PROCESSING, JobRow.started_at.is_(None)
        )
        with Session(self._engine) as session:
            return [(row.id, row.account_id) for row in session.execute(query)]


def _finish(
    session: Session, job_id: str, status: ItemStatus, number: int | None, **values: Any
) -> bool:
    """Whether it was this call that made the image, or any, final."""
    change = (
        update(ItemRow)
        .where(ItemRow.job_id == job_id, ItemRow.status == ItemStatus.PENDING)
        .values(status=status, **values)
    )
    if number is not None:
        change = change.where(ItemRow.number == number)
    done: Any = session.execute(change)
    return bool(done.rowcount)


def _is_visible(row: JobRow) -> bool:
    return row.status != Status.RECEIVING and row.expires_at > datetime.now(UTC)


def _items(session: Session, job_ids: Sequence[str]) -> list[ItemRow]:
    query = select(ItemRow).where(ItemRow.job_id.in_(job_ids)).order_by(ItemRow.number)
    return list(session.scalars(query))


def _job(row: JobRow, items: Sequence[ItemRow]) -> Job:
    return Job(
        id=row.id,
        account_id=row.account_id,
        key_id=row.key_id,
        status=Status(row.status),
        options=row.options,
        metadata=row.data,
        has_backdrop=row.has_backdrop,
        created_at=row.created_at,
        started_at=row.started_at,
        finished_at=row.finished_at,
        expires_at=row.expires_at,
        canceled_at=row.canceled_at,
        items=tuple(
            Item(
                number=item.number,
                name=item.name,
                custom_id=item.custom_id,
                status=ItemStatus(item.status),
                attempts=item.attempts,
                problem=item.problem,
                result=item.result,
            )
            for item in items
            if item.job_id == row.id
        ),
    )
