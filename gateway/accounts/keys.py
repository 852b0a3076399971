"""API keys: shown once when they are created; only a hash is stored."""

import contextlib
import secrets
import string
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Engine, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.accounts.api_key import ApiKey, Limits, read, until
from gateway.accounts.key_cache import KeyCache, digest
from gateway.accounts.tables import KeyRow
from gateway.errors import InvalidKey, NoKey

ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 40
"""Characters of the 62 in ALPHABET: 238 bits, too many to search, so SHA-256 needs no salt."""

OF_DASHBOARD = "dashboard of account "
"""Stands, before the account's id, where other keys have a hash, so that no secret fits."""
IS_LISTED = ~KeyRow.sha256.startswith(OF_DASHBOARD)


class KeyStore:
    """Creates, lists, revokes and checks keys. Blocking: in async code, call it in a thread.

    Args:
        engine: an open, migrated database.
        cache: receives the keys that are found valid; default: none is cached.
        clock: returns Unix seconds, for the month of a quota.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        cache: KeyCache | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine, self._clock = engine, clock
        self.cache = cache or KeyCache(0, 0)

    def create(
        self,
        name: str,
        account_id: int,
        *,
        lifetime: timedelta | None = None,
        limits: Limits | None = None,
        created_by: str | None = None,
    ) -> tuple[ApiKey, str]:
        """Create a key. Return it with its secret, which cannot be read again."""
        secret = _new_secret()
        limits = limits or Limits()
        now = datetime.now(UTC)
        row = KeyRow(
            account_id=account_id,
            name=name,
            **_traces(secret),
            created_at=now,
            created_by=created_by,
            expires_at=now + lifetime if lifetime is not None else None,
            requests_per_minute=limits.requests_per_minute,
            megapixels_per_minute=limits.megapixels_per_minute,
            images_per_month=limits.images_per_month,
        )
        with Session(self._engine) as session, session.begin():
            session.add(row)
            session.flush()
            return read(session, [row], self._clock())[0], secret

    def list(self, account_id: int | None = None) -> list[ApiKey]:
        """Return keys, revoked ones included but not the dashboard's, oldest first.

        Args:
            account_id: of their owner; None: all.
        """
        query = select(KeyRow).where(IS_LISTED).order_by(KeyRow.id)
        if account_id is not None:
            query = query.where(KeyRow.account_id == account_id)
        with Session(self._engine) as session:
            return read(session, session.scalars(query).all(), self._clock())

    def find(self, key_id: int, account_id: int) -> ApiKey | None:
        """Return a key of an account; None if it has no such key."""
        with Session(self._engine) as session:
            rows = session.scalars(select(KeyRow).where(*_is(key_id, account_id))).all()
            return next(iter(read(session, rows, self._clock())), None)

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
            return read(session, [row], self._clock())[0] if row else None

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

    def revoke(self, key_id: int, account_id: int | None = None) -> bool:
        """Revoke a key. Return False if there is no such key, or it is another account's."""
        now = func.coalesce(KeyRow.revoked_at, datetime.now(UTC))
        with self._engine.begin() as connection:
            change = update(KeyRow).where(*_is(key_id, account_id)).values(revoked_at=now)
            found = connection.execute(change).rowcount > 0
        self.cache.clear()
        return found

    def rotate(
        self, key_id: int, account_id: int | None = None, *, overlap: timedelta
    ) -> tuple[ApiKey, str]:
        """Give a key a new secret; all else stays, also what is used of its quota.

        Args:
            key_id: of the key.
            account_id: its owner; None: any.
            overlap: how long the secret before works still; one before that ends at once.

        Returns:
            The key, and its new secret, which cannot be read again.

        Raises:
            NoKey: there is no such key, or it is another account's, revoked or expired.
        """
        secret, now = _new_secret(), datetime.now(UTC)
        works = (
            KeyRow.revoked_at.is_(None),
            or_(KeyRow.expires_at.is_(None), KeyRow.expires_at > now),
        )
        change = update(KeyRow).where(*_is(key_id, account_id), *works)
        previous = {"previous_sha256": KeyRow.sha256, "previous_ends_at": now + overlap}
        with Session(self._engine) as session, session.begin():
            rotated: Any = session.execute(change.values(_traces(secret) | previous))
            if not rotated.rowcount:
                raise NoKey
            (key,) = read(session, [session.get_one(KeyRow, key_id)], self._clock())
        self.cache.clear()
        return key, secret

    def check(self, secret: str) -> ApiKey:
        """Query the database for the key that belongs to a secret, and cache it.

        The query compares hashes, whose bytes a caller cannot choose, and takes as long for a
        revoked key: its duration reveals nothing about the secret.

        Raises:
            InvalidKey: the key is unknown, revoked or expired, or its account is disabled.
        """
        sha256 = digest(secret)
        is_secret = or_(KeyRow.sha256 == sha256, KeyRow.previous_sha256 == sha256)
        with Session(self._engine) as session:
            row = session.scalar(select(KeyRow).where(is_secret))
            key = read(session, [row], self._clock())[0] if row else None
            if row and key and row.sha256 != sha256:
                key = until(key, row.previous_ends_at)
        if key is None or not key.works:
            self.cache.remove(secret)
            raise InvalidKey
        self.cache.add(secret, key)
        return key


def _new_secret() -> str:
    return "cbg_" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))


def _traces(secret: str) -> dict[str, Any]:
    """Return what is stored of a secret: its hash, and its ends, by which a person knows it."""
    return {"sha256": digest(secret), "prefix": secret[:8], "last_four": secret[-4:]}


def _is(key_id: int, account_id: int | None) -> Iterator[ColumnElement[bool]]:
    yield KeyRow.id == key_id
    yield IS_LISTED
    if account_id is not None:
        yield KeyRow.account_id == account_id
