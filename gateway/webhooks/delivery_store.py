"""Messages in the database. Blocking: call it from a thread in async code."""

import hashlib
import json
from collections.abc import Collection, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, Update, delete, select, update
from sqlalchemy.orm import Session

from gateway.webhooks.delivery import Attempt, Delivery, DeliveryStatus
from gateway.webhooks.tables import DeliveryRow, DisabledRow

KEPT, MAX_ATTEMPTS_KEPT = timedelta(days=14), 50
"""Longer than all attempts take."""
LEASE = timedelta(seconds=60)
"""Longer than one attempt takes."""
MOST_AT_ONCE = 1000


class DeliveryStore:
    """Every change is one transaction."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def find(self, delivery_id: str) -> Delivery | None:
        """A message, whoever's it is; None if there is none."""
        with Session(self._engine) as session:
            row = session.get(DeliveryRow, delivery_id)
            return _delivery(row) if row else None

    def newest(self, account_id: int, *, before: datetime | None, limit: int) -> list[Delivery]:
        """An account's messages, newest first.

        Args:
            account_id: of it.
            before: only those that were made before.
            limit: how many at most.
        """
        query = (
            select(DeliveryRow)
            .where(DeliveryRow.account_id == account_id)
            .order_by(DeliveryRow.created_at.desc())
            .limit(limit)
        )
        if before:
            query = query.where(DeliveryRow.created_at < before)
        with Session(self._engine) as session:
            return [_delivery(row) for row in session.scalars(query)]

    def claim(self, limit: int, but: Collection[int]) -> list[Delivery]:
        """What is to be tried now; until `LEASE` is over, nobody else tries it.

        Args:
            limit: how many at most.
            but: accounts that have to wait.
        """
        now = datetime.now(UTC)
        query = (
            select(DeliveryRow)
            .where(DeliveryRow.status == DeliveryStatus.PENDING, DeliveryRow.due_at <= now)
            .where(DeliveryRow.account_id.not_in(but))
            .order_by(DeliveryRow.due_at)
            .limit(limit)
        )
        with Session(self._engine) as session:
            due = [_delivery(row) for row in session.scalars(query)]
        claimed = [replace(delivery, due_at=now + LEASE) for delivery in due]
        return [new for new, old in zip(claimed, due, strict=True) if self._move(old, new.due_at)]

    def _move(self, delivery: Delivery, due_at: datetime) -> bool:
        """Whether it was this call that did so."""
        with Session(self._engine) as session, session.begin():
            done: Any = session.execute(_as_it_is(delivery).values(due_at=due_at))
            return bool(done.rowcount)

    def note(
        self,
        delivery: Delivery,
        status: DeliveryStatus,
        attempt: Attempt | None,
        due_at: datetime,
    ) -> None:
        """What became of a message that was claimed; nothing, if it was changed since.

        Args:
            delivery: as it was claimed.
            status: from now on.
            attempt: None: there was none.
            due_at: when to try next, if it is to be.
        """
        with Session(self._engine) as session, session.begin():
            done: Any = session.execute(_as_it_is(delivery).values(status=status, due_at=due_at))
            if not done.rowcount:
                return
            row = session.get_one(DeliveryRow, delivery.id)
            row.tries += 1
            if attempt:
                said = asdict(attempt) | {"at": attempt.at.isoformat()}
                row.attempts = [*row.attempts, said][-MAX_ATTEMPTS_KEPT:]
                row.tried_at = attempt.at
            if status is DeliveryStatus.DISABLED:
                key = {"account_id": row.account_id, "url_sha256": _sha256(row.url)}
                session.merge(DisabledRow(**key))

    def is_disabled(self, delivery: Delivery) -> bool:
        """Whether its endpoint wants no more."""
        with Session(self._engine) as session:
            key = (delivery.account_id, _sha256(delivery.url))
            return session.get(DisabledRow, key) is not None

    def begin_again(self, delivery: Delivery) -> None:
        """Try it now and as often as a new one, also where its endpoint wanted no more."""
        again = {"status": DeliveryStatus.PENDING, "tries": 0, "due_at": datetime.now(UTC)}
        enabled = delete(DisabledRow).where(
            DisabledRow.account_id == delivery.account_id,
            DisabledRow.url_sha256 == _sha256(delivery.url),
        )
        with Session(self._engine) as session, session.begin():
            session.execute(enabled)
            session.execute(
                update(DeliveryRow).where(DeliveryRow.id == delivery.id).values(**again)
            )

    def forget_old(self) -> None:
        """Remove what is older than `KEPT` and no longer tried."""
        old = (
            select(DeliveryRow.id)
            .where(DeliveryRow.created_at < datetime.now(UTC) - KEPT)
            .where(DeliveryRow.status != DeliveryStatus.PENDING)
            .limit(MOST_AT_ONCE)
        )
        with Session(self._engine) as session:
            found = list(session.scalars(old))
        if found:
            with Session(self._engine) as session, session.begin():
                session.execute(delete(DeliveryRow).where(DeliveryRow.id.in_(found)))


def id_of(job_id: str) -> str:
    """Of the message that tells of a job's end: each job has one."""
    return job_id.replace("job_", "evt_")


def add(session: Session, account_id: int, job_id: str, url: str, body: Mapping[str, Any]) -> None:
    """Note in a transaction that an account is to be told of its job's end."""
    now = datetime.now(UTC)
    session.add(
        DeliveryRow(
            id=id_of(job_id),
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
    )


def remove(session: Session, job_id: str) -> None:
    """Forget in a transaction what tells of a job."""
    session.execute(delete(DeliveryRow).where(DeliveryRow.id == id_of(job_id)))


def _as_it_is(delivery: Delivery) -> Update:
    """A change that is made only if nobody else has made one."""
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
