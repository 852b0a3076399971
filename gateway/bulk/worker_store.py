"""Which workers live. Blocking: call it from a thread in async code."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from gateway.bulk.tables import WorkerRow


class WorkerStore:
    """Every worker says now and then that it lives."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def beat(self, worker_id: str) -> None:
        """One lives."""
        now = datetime.now(UTC)
        change = update(WorkerRow).where(WorkerRow.id == worker_id).values(seen_at=now)
        with Session(self._engine) as session, session.begin():
            done: Any = session.execute(change)
            if not done.rowcount:
                session.add(WorkerRow(id=worker_id, seen_at=now))

    def beats(self) -> dict[str, datetime]:
        """When each one said so last, by its own clock."""
        with Session(self._engine) as session:
            return {row.id: row.seen_at for row in session.scalars(select(WorkerRow))}

    def forget(self, worker_id: str) -> None:
        """One is dead, and its jobs are in other hands."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))
