"""The tables of webhooks. A change here needs a migration; see gateway/accounts/migrations."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.accounts.tables import Table, UtcDateTime


class SecretRow(Table):
    """What an account's webhooks are signed with. Both sides need it, so it cannot be hashed."""

    __tablename__ = "webhook_secrets"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    secret: Mapped[str] = mapped_column(String(128))
    previous: Mapped[str | None] = mapped_column(String(128))
    """The one before: it signs too, for a while."""
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
    """Attempts since it was made, or was to be delivered again."""
    due_at: Mapped[datetime] = mapped_column(UtcDateTime)
    """When to try next. Who tries it moves this on first: if it dies, another one tries then."""
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    """The newest ones."""
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    tried_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class DisabledRow(Table):
    """An endpoint of an account that wants no more."""

    __tablename__ = "webhook_disabled"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    url_sha256: Mapped[str] = mapped_column(String(64), primary_key=True)
    """URLs are too long for an index."""
