"""The tables of bulk jobs. A change here needs a migration; see gateway/accounts/migrations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, false
from sqlalchemy.orm import Mapped, mapped_column

from gateway.accounts.tables import Table, UtcDateTime


class JobRow(Table):
    """A job or draft."""

    __tablename__ = "bulk_jobs"
    __table_args__ = (
        Index("ix_bulk_jobs_account_id", "account_id", "created_at"),
        Index("ix_bulk_jobs_expires_at", "expires_at"),
        Index("ix_bulk_jobs_status", "status", "expires_at"),
        Index("ix_bulk_jobs_idempotency_key", "account_id", "idempotency_key", unique=True),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    key_id: Mapped[int] = mapped_column(ForeignKey("api_keys.id"))
    status: Mapped[str] = mapped_column(String(16))
    options: Mapped[dict[str, str]] = mapped_column(JSON)
    """As the caller sent them."""
    data: Mapped[dict[str, Any]] = mapped_column("metadata", JSON)
    """The caller's own JSON object."""
    has_backdrop: Mapped[bool]
    has_mask: Mapped[bool] = mapped_column(default=False, server_default=false())
    has_trimap: Mapped[bool] = mapped_column(default=False, server_default=false())
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    canceled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    idempotency_key: Mapped[str | None] = mapped_column(String(255))
    fingerprint: Mapped[str | None] = mapped_column(String(64))
    """SHA-256 of the request that came with the idempotency key."""
    webhook_url: Mapped[str | None] = mapped_column(String(2048))
    traceparent: Mapped[str | None] = mapped_column(String(55))
    """W3C trace context of the request that created it."""


class ItemRow(Table):
    """One image of a job."""

    __tablename__ = "bulk_items"

    job_id: Mapped[str] = mapped_column(ForeignKey("bulk_jobs.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(255))
    custom_id: Mapped[str] = mapped_column(String(128))
    status: Mapped[str] = mapped_column(String(16))
    attempts: Mapped[int] = mapped_column(default=0)
    """How often a worker has started it."""
    problem: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class WorkerRow(Table):
    """A worker and its last heartbeat."""

    __tablename__ = "bulk_workers"

    id: Mapped[str] = mapped_column(String(128), primary_key=True)
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
