"""API keys: made once, shown once, kept as a hash."""

import hashlib
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from cachetools import TTLCache
from sqlalchemy import Engine, func, select, update
from sqlalchemy.orm import Session

from gateway.accounts.tables import KeyRow
from gateway.errors import InvalidKey

ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 40
"""Characters of 62: 238 bits, so a plain SHA-256 cannot be searched and needs no salt."""

CACHED_KEYS = 10_000
FRESH_SHARE = 0.8
"""Of the time that a key is believed; in the rest it is checked again when it is used."""


@dataclass(frozen=True)
class Limits:
    """What a key may do in a minute. None: as the settings say. 0: as much as it likes."""

    requests_per_minute: int | None = None
    megapixels_per_minute: int | None = None


@dataclass(frozen=True)
class ApiKey:
    """What may be known of a key after it was made."""

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
    """Cut out with it so far: one credit each."""
    limits: Limits
    account_disabled: bool = field(repr=False)

    @property
    def works(self) -> bool:
        """Whether it may be used now: not revoked, not expired, its account not disabled."""
        expired = self.expires_at is not None and self.expires_at <= datetime.now(UTC)
        return not (self.revoked_at or expired or self.account_disabled)


class KeyStore:
    """Makes, lists, revokes and checks keys. Blocking: call it from a thread in async code.

    Args:
        engine: an open, migrated database.
        cache_s: seconds for which a checked key is believed without asking the database.
    """

    def __init__(self, engine: Engine, *, cache_s: float = 0) -> None:
        self._engine = engine
        # Only valid keys are kept: a flood of wrong ones must not push them out.
        self._valid: TTLCache[str, ApiKey] = TTLCache(CACHED_KEYS, cache_s)
        self._lock = Lock()  # the caches are used by the event loop and by threads
        self._fresh: TTLCache[str, bool] = TTLCache(CACHED_KEYS, cache_s * FRESH_SHARE)

    def create(
        self,
        name: str,
        account_id: int,
        *,
        lives: timedelta | None = None,
        limits: Limits | None = None,
    ) -> tuple[ApiKey, str]:
        """Make a key. Its secret is returned here and never again."""
        secret = "cbg_" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
        limits = limits or Limits()
        now = datetime.now(UTC)
        row = KeyRow(
            account_id=account_id,
            sha256=_digest(secret),
            name=name,
            prefix=secret[:8],
            last_four=secret[-4:],
            created_at=now,
            expires_at=now + lives if lives is not None else None,
            requests_per_minute=limits.requests_per_minute,
            megapixels_per_minute=limits.megapixels_per_minute,
        )
        with Session(self._engine) as session, session.begin():
            session.add(row)
            session.flush()
            return _key(row), secret

    def list(self) -> list[ApiKey]:
        """All keys, oldest first, the revoked ones too."""
        with Session(self._engine) as session:
            return [_key(row) for row in session.scalars(select(KeyRow).order_by(KeyRow.id))]

    def revoke(self, key_id: int) -> bool:
        """Stop a key from working. False when there is no such key."""
        now = func.coalesce(KeyRow.revoked_at, datetime.now(UTC))
        change = update(KeyRow).where(KeyRow.id == key_id).values(revoked_at=now)
        with self._engine.begin() as connection:
            found = connection.execute(change).rowcount > 0
        with self._lock:
            self._valid.clear()
        return found

    def cached(self, secret: str) -> ApiKey | None:
        """The key, if it was checked within the last `cache_s` seconds. Does not block."""
        with self._lock:
            key = self._valid.get(_digest(secret))
        return key if key and key.works else None

    def is_ageing(self, secret: str) -> bool:
        """Say, once, that a cached key will soon have to be checked again.

        Who checks it already then spares callers who come all the time the wait for the database.
        """
        digest = _digest(secret)
        with self._lock:
            ageing = digest not in self._fresh
            self._fresh[digest] = True
        return ageing

    def check(self, secret: str) -> ApiKey:
        """Find the key that belongs to a secret.

        Its hash is what is looked up and compared: how long that takes tells a caller nothing, who
        cannot choose a hash's bytes, and it takes as long for a key that no longer works.

        Raises:
            InvalidKey: it is unknown, revoked or expired, or its account is disabled.
        """
        digest = _digest(secret)
        with Session(self._engine) as session:
            row = session.scalar(select(KeyRow).where(KeyRow.sha256 == digest))
            key = _key(row) if row else None
        with self._lock:
            if key is None or not key.works:
                self._valid.pop(digest, None)
                raise InvalidKey
            self._valid[digest], self._fresh[digest] = key, True
        return key

    def add_use(self, images: Mapping[int, int], at: datetime) -> None:
        """Write down that keys were used until `at`, and how many images each has cut out."""
        with self._engine.begin() as connection:
            for key_id, count in sorted(images.items()):
                # Added up in the database, since other replicas add theirs.
                used = {"last_used_at": at, "images": KeyRow.images + count}
                connection.execute(update(KeyRow).where(KeyRow.id == key_id).values(used))


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: KeyRow) -> ApiKey:
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
        limits=Limits(row.requests_per_minute, row.megapixels_per_minute),
        account_disabled=row.account.disabled_at is not None,
    )
