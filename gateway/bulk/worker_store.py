"""Heartbeats of workers in the database. Blocking: call it from a thread in async code."""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.orm import Session

from gateway.bulk.tables import WorkerRow


class WorkerStore:
    """Stores the last heartbeat of each worker."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def store_heartbeat(self, worker_id: str) -> None:
        """Store the current time as a worker's last heartbeat."""
        now = datetime.now(UTC)
        change = update(WorkerRow).where(WorkerRow.id == worker_id).values(seen_at=now)
        with Session(self._engine) as session, session.begin():
            updated: Any = session.execute(change)
            if not updated.rowcount:
                session.add(WorkerRow(id=worker_id, seen_at=now))

    def last_heartbeats(self) -> dict[str, datetime]:
        """Return the last heartbeat of each worker, each by that worker's own clock."""
        with Session(self._engine) as session:
            return {row.id: row.seen_at for row in session.scalars(select(WorkerRow))}

    def remove(self, worker_id: str) -> None:
        """Delete the heartbeat of a worker."""
        with Session(self._engine) as session, session.begin():
            session.execute(delete(WorkerRow).where(WorkerRow.id == worker_id))
