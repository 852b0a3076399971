"""Messages in the database. Blocking: call it from a thread in async code."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from gateway.webhooks.delivery import Attempt, Delivery, DeliveryStatus
from gateway.webhooks.tables import DeliveryRow

KEPT = timedelta(days=7)
"""Longer than all attempts take."""


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

    def pending(self) -> list[tuple[str, int]]:
        """What is to be delivered, with its run."""
        query = select(DeliveryRow.id, DeliveryRow.run).where(
            DeliveryRow.status == DeliveryStatus.PENDING
        )
        with Session(self._engine) as session:
            return [(row.id, row.run) for row in session.execute(query)]

    def is_disabled(self, account_id: int, url: str) -> bool:
        """Whether the last that was heard of an endpoint is that it wants no more."""
        query = (
            select(DeliveryRow.status)
            .where(DeliveryRow.account_id == account_id, DeliveryRow.url == url)
            .where(DeliveryRow.tried_at.is_not(None))
            .order_by(DeliveryRow.tried_at.desc())
            .limit(1)
        )
        with Session(self._engine) as session:
            return session.scalar(query) == DeliveryStatus.DISABLED

    def note(
        self, delivery_id: str, run: int, status: DeliveryStatus, attempt: Attempt | None
    ) -> None:
        """What became of a message in one run; nothing is noted once another run has begun."""
        change = (
            update(DeliveryRow)
            .where(DeliveryRow.id == delivery_id, DeliveryRow.run == run)
            .values(status=status)
        )
        with Session(self._engine) as session, session.begin():
            done: Any = session.execute(change)
            if done.rowcount and attempt:
                row = session.get_one(DeliveryRow, delivery_id)
                row.attempts = [*row.attempts, asdict(attempt) | {"at": attempt.at.isoformat()}]
                row.tried_at = attempt.at

    def begin_again(self, delivery_id: str) -> int:
        """Deliver it once more; gives the run."""
        change = (
            update(DeliveryRow)
            .where(DeliveryRow.id == delivery_id)
            .values(status=DeliveryStatus.PENDING, run=DeliveryRow.run + 1)
        )
        with Session(self._engine) as session, session.begin():
            session.execute(change)
            return session.get_one(DeliveryRow, delivery_id).run

    def forget_old(self) -> list[tuple[str, int]]:
        """Remove what is older than `KEPT` and no longer tried; gives each one with its run."""
        old = (DeliveryRow.created_at < datetime.now(UTC) - KEPT) & (
            DeliveryRow.status != DeliveryStatus.PENDING
        )
        removal = delete(DeliveryRow).where(old).returning(DeliveryRow.id, DeliveryRow.run)
        with Session(self._engine) as session, session.begin():
            return [(row.id, row.run) for row in session.execute(removal)]


def id_of(job_id: str) -> str:
    """Of the message that tells of a job's end: each job has one."""
    return job_id.replace("job_", "evt_")


def add(session: Session, account_id: int, job_id: str, url: str, body: Mapping[str, Any]) -> None:
    """Note in a transaction that an account is to be told of its job's end."""
    session.add(
        DeliveryRow(
            id=id_of(job_id),
            account_id=account_id,
            job_id=job_id,
            event=body["type"],
            url=url,
            body=json.dumps(body),
            status=DeliveryStatus.PENDING,
            attempts=[],
            created_at=datetime.now(UTC),
        )
    )


def _delivery(row: DeliveryRow) -> Delivery:
    return Delivery(
        id=row.id,
        account_id=row.account_id,
        job_id=row.job_id,
        event=row.event,
        url=row.url,
        body=row.body,
        status=DeliveryStatus(row.status),
        run=row.run,
        attempts=tuple(row.attempts),
        created_at=row.created_at,
    )
