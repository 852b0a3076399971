"""The tables of accounts and keys. A change here needs a migration in migrations/versions/."""

from datetime import UTC, datetime

from sqlalchemy import JSON, BigInteger, DateTime, Dialect, ForeignKey, String, TypeDecorator
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship


class UtcDateTime(TypeDecorator[datetime]):
    """A point in time in UTC, also from SQLite, which does not store the time zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        """Add the time zone that SQLite dropped."""
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


class Table(DeclarativeBase):
    """Base of all tables."""


class AccountRow(Table):
    """An account: the owner of API keys."""

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    disabled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    models: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    """Names of the models that it may use. None: all."""
    requests_per_minute: Mapped[int | None]
    """Of all its keys together. None and 0: no limit."""
    megapixels_per_minute: Mapped[int | None]


class KeyRow(Table):
    """An API key: its hash, what a person needs to recognise it, its limits, its usage."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    sha256: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(100))
    prefix: Mapped[str] = mapped_column(String(16))
    last_four: Mapped[str] = mapped_column(String(4))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    revoked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    last_used_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    images: Mapped[int] = mapped_column(server_default="0", default=0)
    """Images cut out so far: one credit each."""
    requests_per_minute: Mapped[int | None]
    """None: the settings' default. 0: no limit."""
    megapixels_per_minute: Mapped[int | None]
    images_per_month: Mapped[int | None]
    """None or 0: no limit."""
    created_by: Mapped[str | None] = mapped_column(String(254))
    """E-mail address of the user who made it in the dashboard."""
    last_used_from: Mapped[str | None] = mapped_column(String(45))
    """IP address."""
    previous_sha256: Mapped[str | None] = mapped_column(String(64), index=True, unique=True)
    """Of the secret before the last rotation."""
    previous_ends_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    """Until when that one works."""

    account: Mapped[AccountRow] = relationship(lazy="joined", innerjoin=True)


class UsageRow(Table):
    """How much of one measure a key used in one minute or one day; see usage_store.py.

    No foreign key: a batch of many keys must not fail because one of them is gone.
    """

    __tablename__ = "usage"

    key_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    step_s: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    """60 or 86400."""
    at_s: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    """When the minute or the day (UTC) began, in Unix seconds: queries divide it."""
    measure: Mapped[str] = mapped_column(String(64), primary_key=True)
    count: Mapped[int] = mapped_column(BigInteger)
