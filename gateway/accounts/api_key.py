"""An API key without its secret, and how it is read from the database."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property

from sqlalchemy.orm import Session

from gateway.accounts.quotas import Month, MonthImages, Quota
from gateway.accounts.tables import KeyRow
from gateway.accounts.usage_store import images_in_month


@dataclass(frozen=True)
class Limits:
    """A key's own limits. None: the settings' default. 0: no limit."""

    requests_per_minute: int | None = None
    megapixels_per_minute: int | None = None
    images_per_month: int | None = None
    """A quota for each calendar month in UTC. None: no limit."""


@dataclass(frozen=True)
class ApiKey:
    """An API key without its secret, which is shown only once."""

    id: int
    account: str
    account_id: int
    name: str
    prefix: str
    last_four: str
    created_at: datetime
    expires_at: datetime | None
    revoked_at: datetime | None
    last_used_at: datetime | None
    images: int
    """Images cut out with it so far: one credit each."""
    limits: Limits
    account_disabled: bool = field(repr=False)
    models: tuple[str, ...] | None = None
    """Names of the models that its account may use; None: all."""
    account_limits: Limits = Limits()
    """Of all keys of the account together. None and 0: no limit."""
    created_by: str | None = None
    """E-mail address of the user who made it in the dashboard."""
    last_used_from: str | None = None
    """IP address."""
    previous_ends_at: datetime | None = None
    """Until when the secret before the last rotation works; None: there is none."""
    month: MonthImages | None = None
    """Images of this month, when the key was read; None without a quota."""

    @cached_property
    def quota(self) -> Quota | None:
        """Its quota of images, if it has one."""
        images = self.limits.images_per_month
        return Quota(self.id, images, self.month) if images else None

    @property
    def works(self) -> bool:
        """Whether the key is valid now: not revoked, not expired, its account not disabled."""
        expired = self.expires_at is not None and self.expires_at <= datetime.now(UTC)
        return not (self.revoked_at or expired or self.account_disabled)


def until(key: ApiKey, ends_at: datetime | None) -> ApiKey:
    """Return a key as its previous secret gives it: for a while only."""
    ends = [each for each in (key.expires_at, ends_at) if each]
    return replace(key, expires_at=min(ends))


def read(session: Session, rows: Sequence[KeyRow], now_s: float) -> list[ApiKey]:
    """Return the keys of rows; those with a quota have the images of this month.

    Args:
        session: open.
        rows: of the keys.
        now_s: Unix seconds.
    """
    start_s = Month.at(now_s).start_s
    limited = [row.id for row in rows if row.images_per_month]
    images = images_in_month(session, limited, start_s)
    return [
        _key(row, MonthImages(start_s, images[row.id]) if row.id in images else None)
        for row in rows
    ]


def _key(row: KeyRow, month: MonthImages | None) -> ApiKey:
    now = datetime.now(UTC)
    is_rotated = row.previous_ends_at is not None and row.previous_ends_at > now
    return ApiKey(
        id=row.id,
        account=row.account.name,
        account_id=row.account_id,
        name=row.name,
        prefix=row.prefix,
        last_four=row.last_four,
        created_at=row.created_at,
        expires_at=row.expires_at,
        revoked_at=row.revoked_at,
        last_used_at=row.last_used_at,
        images=row.images,
        limits=Limits(row.requests_per_minute, row.megapixels_per_minute, row.images_per_month),
        account_disabled=row.account.disabled_at is not None,
        models=None if row.account.models is None else tuple(row.account.models),
        account_limits=Limits(row.account.requests_per_minute, row.account.megapixels_per_minute),
        created_by=row.created_by,
        last_used_from=row.last_used_from,
        previous_ends_at=row.previous_ends_at if is_rotated else None,
        month=month,
    )
