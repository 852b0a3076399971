"""API keys: shown once when they are created; only a hash is stored."""

import contextlib
import hashlib
import secrets
import string
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Lock

from cachetools import TTLCache
from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.accounts.tables import KeyRow
from gateway.errors import InvalidKey

ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 40
"""Characters of the 62 in ALPHABET: 238 bits, too many to search, so SHA-256 needs no salt."""

OF_DASHBOARD = "dashboard of account "
"""Stands, before the account's id, where other keys have a hash, so that no secret fits."""

CACHED_KEYS = 10_000
FRESH_SHARE = 0.8
"""Share of the cache time after which a key in use is looked up again, before it expires."""


@dataclass(frozen=True)
class Limits:
    """A key's own limits per minute. None: the settings' default. 0: no limit."""

    requests_per_minute: int | None = None
    megapixels_per_minute: int | None = None


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

    @property
    def works(self) -> bool:
        """Whether the key is valid now: not revoked, not expired, its account not disabled."""
        expired = self.expires_at is not None and self.expires_at <= datetime.now(UTC)
        return not (self.revoked_at or expired or self.account_disabled)


class KeyStore:
    """Creates, lists, revokes and checks keys. Blocking: in async code, call it in a thread.

    Args:
        engine: an open, migrated database.
        cache_s: seconds for which a valid key is accepted without another database query.
    """

    def __init__(self, engine: Engine, *, cache_s: float = 0) -> None:
        self._engine = engine
        # Only valid keys are cached: a flood of wrong ones must not evict them.
        self._valid: TTLCache[str, ApiKey] = TTLCache(CACHED_KEYS, cache_s)
        self._lock = Lock()  # the event loop and threads use both caches
        self._fresh: TTLCache[str, bool] = TTLCache(CACHED_KEYS, cache_s * FRESH_SHARE)

    def create(
        self,
        name: str,
        account_id: int,
        *,
        lifetime: timedelta | None = None,
        limits: Limits | None = None,
    ) -> tuple[ApiKey, str]:
        """Create a key. Return it with its secret, which cannot be read again."""
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
            expires_at=now + lifetime if lifetime is not None else None,
            requests_per_minute=limits.requests_per_minute,
            megapixels_per_minute=limits.megapixels_per_minute,
        )
        with Session(self._engine) as session, session.begin():
            session.add(row)
            session.flush()
            return _key(row), secret

    def list(self) -> list[ApiKey]:
        """Return all keys but the dashboard's, revoked ones included, oldest first."""
        wanted = select(KeyRow).where(~KeyRow.sha256.startswith(OF_DASHBOARD)).order_by(KeyRow.id)
        with Session(self._engine) as session:
            return [_key(row) for row in session.scalars(wanted)]

    def of_dashboard(self, account_id: int) -> ApiKey:
        """Return the key that counts what an account does in the dashboard; no secret fits it.

        Raises:
            InvalidKey: there is no such account.
        """
        if key := self._find_of_dashboard(account_id):
            return key
        with contextlib.suppress(IntegrityError):  # another replica was faster
            self._create_for_dashboard(account_id)
        key = self._find_of_dashboard(account_id)
        if key is None:
            raise InvalidKey
        return key

    def _find_of_dashboard(self, account_id: int) -> ApiKey | None:
        wanted = select(KeyRow).where(KeyRow.sha256 == f"{OF_DASHBOARD}{account_id}")
        with Session(self._engine) as session:
            row = session.scalar(wanted)
            return _key(row) if row else None

    def _create_for_dashboard(self, account_id: int) -> None:
        row = KeyRow(
            account_id=account_id,
            sha256=f"{OF_DASHBOARD}{account_id}",
            name="Dashboard",
            prefix="",
            last_four="",
            created_at=datetime.now(UTC),
        )
        with Session(self._engine) as session, session.begin():
            session.add(row)

    def revoke(self, key_id: int) -> bool:
        """Revoke a key. Return False if there is no such key."""
        now = func.coalesce(KeyRow.revoked_at, datetime.now(UTC))
        change = update(KeyRow).where(KeyRow.id == key_id).values(revoked_at=now)
        with self._engine.begin() as connection:
            found = connection.execute(change).rowcount > 0
        with self._lock:
            self._valid.clear()
        return found

    def cached(self, secret: str) -> ApiKey | None:
        """Return the key if it was checked within the last `cache_s` seconds. Does not block."""
        with self._lock:
            key = self._valid.get(_digest(secret))
        return key if key and key.works else None

    def needs_refresh(self, secret: str) -> bool:
        """Return True, once, when a cached key will soon expire from the cache.

        The caller should `check` it in the background: then a key that is in constant use never
        has to wait for the database.
        """
        digest = _digest(secret)
        with self._lock:
            is_stale = digest not in self._fresh
            self._fresh[digest] = True
        return is_stale

    def check(self, secret: str) -> ApiKey:
        """Query the database for the key that belongs to a secret, and cache it.

        The query compares hashes, whose bytes a caller cannot choose, and takes as long for a
        revoked key: its duration reveals nothing about the secret.

        Raises:
            InvalidKey: the key is unknown, revoked or expired, or its account is disabled.
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

    def add_usage(self, images: Mapping[int, int], at: datetime) -> None:
        """Store that keys were last used at `at`, and add the images that each has cut out.

        Args:
            images: number of new images, by key id; may be 0.
            at: time of the last use.
        """
        with self._engine.begin() as connection:
            for key_id, count in sorted(images.items()):
                # The database adds, since other replicas add their images too.
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
        models=None if row.account.models is None else tuple(row.account.models),
        account_limits=Limits(row.account.requests_per_minute, row.account.megapixels_per_minute),
    )
