"""The tables of webhooks. A change here needs a migration; see gateway/accounts/migrations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.accounts.tables import Table, UtcDateTime


class SecretRow(Table):
    """The signing secret of an account. Receivers verify with it too, so it cannot be hashed."""

    __tablename__ = "webhook_secrets"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(128))
    previous: Mapped[str | None] = mapped_column(String(128))
    """The secret before the last rotation, which signs too for 24 hours."""
    rotated_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DeliveryRow(Table):
    """One message to one URL."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("ix_webhook_deliveries_account_id", "account_id", "created_at"),
        Index("ix_webhook_deliveries_due_at", "status", "due_at"),
        Index("ix_webhook_deliveries_created_at", "created_at"),
    )

    id: Mapped[str] = mapped_column(String(32), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"))
    job_id: Mapped[str] = mapped_column(String(32))
    event: Mapped[str] = mapped_column(String(32))
    url: Mapped[str] = mapped_column(String(2048))
    body: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(String(16))
    tries: Mapped[int] = mapped_column(default=0)
    """Attempts since it was created or redelivered."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """Time of the next attempt. A process that starts one postpones it first, as a lease: if the
    process dies, another one repeats the attempt then."""
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """The newest attempts."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DisabledRow(Table):
    """An endpoint that has answered 410 to a webhook of an account."""

    __tablename__ = "webhook_disabled"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    url_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    """Hashed, since URLs are too long for an index."""
