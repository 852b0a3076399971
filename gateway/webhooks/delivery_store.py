"""Webhook deliveries in the database. Blocking: call it from a thread in async code."""

import hashlib
import json
import secrets
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Update, delete, select, update
from sqlalchemy.orm import Session

from gateway.paging import Page, PageRequest
from gateway.webhooks.delivery import TEST_EVENT, Attempt, Delivery, DeliveryStatus
from gateway.webhooks.tables import DeliveryRow, DisabledRow

RETENTION, MAX_STORED_ATTEMPTS = timedelta(days=14), 50
"""How long deliveries are kept; longer than all attempts take."""
LEASE = timedelta(seconds=60)
"""For one attempt; longer than it can take."""
MAX_ROWS = 1000


class DeliveryStore:
    """Reads and updates deliveries; each change is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, delivery_id: str) -> Delivery | None:
        """Return a delivery of any account, or None."""
        with Session(self._engine) as session:
            row = session.get(DeliveryRow, delivery_id)
            return _delivery(row) if row else None

    def list_deliveries(self, account_id: int, page: PageRequest) -> Page[Delivery]:
        """Return a page of an account's deliveries."""
        query = select(DeliveryRow).where(DeliveryRow.account_id == account_id)
        with Session(self._engine) as session:
            rows = session.scalars(page.select(query, DeliveryRow.created_at))
            return page.page([_delivery(row) for row in rows])

    def claim_due(self, limit: int, excluded_accounts: Collection[int]) -> list[Delivery]:
        """Claim deliveries whose next attempt is due; no other process gets them for `LEASE`."""
        now = datetime.now(UTC)
        query = (
            select(DeliveryRow)
            .where(DeliveryRow.status == DeliveryStatus.PENDING, DeliveryRow.due_at <= now)
            .where(DeliveryRow.account_id.not_in(excluded_accounts))
            .order_by(DeliveryRow.due_at)
            .limit(limit)
        )
        with Session(self._engine) as session:
            due = [_delivery(row) for row in session.scalars(query)]
        return [
            replace(delivery, due_at=now + LEASE)
            for delivery in due
            if self._claim(delivery, until=now + LEASE)
        ]

    def _claim(self, delivery: Delivery, until: datetime) -> bool:
        """Return whether this process, and no other, has claimed the delivery."""
        with Session(self._engine) as session, session.begin():
            updated: Any = session.execute(_update_if_unchanged(delivery).values(due_at=until))
            return bool(updated.rowcount)

    def record_outcome(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        attempt: Attempt | None,
        due_at: datetime,
    ) -> None:
        """Store the outcome of a claimed delivery; does nothing if its row has changed since.

        Args:
            delivery: as it was claimed.
            status: the new status.
            attempt: None if the endpoint is disabled, so that nothing was sent.
            due_at: time of the next attempt, for a pending delivery.
        """
        with Session(self._engine) as session, session.begin():
            change = _update_if_unchanged(delivery).values(status=status, due_at=due_at)
            updated: Any = session.execute(change)
            if not updated.rowcount:
                return
            row = session.get_one(DeliveryRow, delivery.id)
            row.tries += 1
            if attempt:
                entry = asdict(attempt) | {"at": attempt.at.isoformat()}
                row.attempts = [*row.attempts, entry][-MAX_STORED_ATTEMPTS:]
                row.tried_at = attempt.at
            if status is DeliveryStatus.DISABLED:
                key = {"account_id": row.account_id, "url_sha256": _sha256(row.url)}
                session.merge(DisabledRow(**key))

    def is_disabled(self, delivery: Delivery) -> bool:
        """Return whether the delivery's endpoint has asked for no more webhooks."""
        with Session(self._engine) as session:
            key = (delivery.account_id, _sha256(delivery.url))
            return session.get(DisabledRow, key) is not None

    def restart(self, delivery: Delivery) -> None:
        """Schedule a delivery now with all its attempts, and enable its endpoint again."""
        restarted = {"status": DeliveryStatus.PENDING, "tries": 0, "due_at": datetime.now(UTC)}
        change = update(DeliveryRow).where(DeliveryRow.id == delivery.id)
        with Session(self._engine) as session, session.begin():
            _enable(session, delivery.account_id, delivery.url)
            session.execute(change.values(**restarted))

    def add_test(self, account_id: int, url: str) -> Delivery:
        """Schedule a test event now, and enable its endpoint again."""
        now = datetime.now(UTC)
        body = {
            "type": TEST_EVENT,
            "timestamp": now.isoformat(timespec="milliseconds"),
            "data": {"message": "This is a test event: no job has ended."},
        }
        row = _row(_new_id(), account_id, "", url, body, now)
        with Session(self._engine, expire_on_commit=False) as session, session.begin():
            _enable(session, account_id, url)
            session.add(row)
        return _delivery(row)

    def delete_old(self) -> None:
        """Delete deliveries older than `RETENTION` that are not pending, at most `MAX_ROWS`."""
        old = (
            select(DeliveryRow.id)
            .where(DeliveryRow.created_at < datetime.now(UTC) - RETENTION)
            .where(DeliveryRow.status != DeliveryStatus.PENDING)
            .limit(MAX_ROWS)
        )
        with Session(self._engine) as session:
            ids = session.scalars(old).all()
        if ids:
            with Session(self._engine) as session, session.begin():
                session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(ids)))


def delivery_id(job_id: str) -> str:
    """Return the ID of the delivery that reports the end of a job."""
    return job_id.replace("job_", "evt_")


def add(session: Session, account_id: int, job_id: str, url: str, body: Mapping[str, Any]) -> None:
    """Schedule the delivery that reports the end of a job, in the caller's transaction."""
    session.add(_row(delivery_id(job_id), account_id, job_id, url, body, datetime.now(UTC)))


def remove(session: Session, job_id: str) -> None:
    """Delete the delivery of a job, in the caller's transaction."""
    session.execute(delete(DeliveryRow).where(DeliveryRow.id == delivery_id(job_id)))


def _new_id() -> str:
    """Return a random ID for a delivery that belongs to no job."""
    return "evt_" + secrets.token_hex(10)


def _row(
    id_: str, account_id: int, job_id: str, url: str, body: Mapping[str, Any], now: datetime
) -> DeliveryRow:
    return DeliveryRow(
        id=id_,
        account_id=account_id,
        job_id=job_id,
        event=body["type"],
        url=url,
        body=json.dumps(body),
        status=DeliveryStatus.PENDING,
        tries=0,
        attempts=[],
        created_at=now,
        due_at=now,
    )


def _enable(session: Session, account_id: int, url: str) -> None:
    """Send webhooks to an endpoint again that has answered 410."""
    session.execute(
        delete(DisabledRow).where(
            DisabledRow.account_id == account_id, DisabledRow.url_sha256 == _sha256(url)
        )
    )


def _update_if_unchanged(delivery: Delivery) -> Update:
    """Return an update that affects no row if another process has claimed or changed it."""
    return update(DeliveryRow).where(
        DeliveryRow.id == delivery.id,
        DeliveryRow.status == DeliveryStatus.PENDING,
        DeliveryRow.due_at == delivery.due_at,
    )


def _sha256(url: str) -> str:
    return hashlib.sha256(url.encode()).hexdigest()


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        account_id=row.account_id,
        job_id=row.job_id,
        event=row.event,
        url=row.url,
        body=row.body,
        status=DeliveryStatus(row.status),
        tries=row.tries,
        due_at=row.due_at,
        attempts=tuple(row.attempts),
        created_at=row.created_at,
    )
