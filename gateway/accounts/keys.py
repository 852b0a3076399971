"""API keys: made once, shown once, kept as a hash."""

import hashlib
import secrets
import string
from dataclasses import dataclass
from datetime import UTC, datetime

from cachetools import TTLCache
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from gateway.accounts.tables import KeyRow
from gateway.errors import InvalidKey

ALPHABET = string.ascii_letters + string.digits
SECRET_LENGTH = 40
"""Characters of 62: 238 bits, so a plain SHA-256 cannot be searched and needs no salt."""


@dataclass(frozen=True)
class ApiKey:
    """What may be known of a key after it was made."""

    id: int
    name: str
    prefix: str
    last_four: str
    created_at: datetime
    revoked_at: datetime | None


class KeyStore:
    """Makes, lists, revokes and checks keys. Blocking: call it from a thread in async code.

    Args:
        engine: an open, migrated database.
        cache_s: seconds for which a checked key is believed without asking the database.
    """

    def __init__(self, engine: Engine, *, cache_s: float = 0) -> None:
        self._engine = engine
        # Only valid keys are kept: a flood of wrong ones must not push them out.
        self._valid: TTLCache[str, ApiKey] = TTLCache(maxsize=10_000, ttl=cache_s)

    def create(self, name: str) -> tuple[ApiKey, str]:
        """Make a key. Its secret is returned here and never again."""
        secret = "cbg_" + "".join(secrets.choice(ALPHABET) for _ in range(SECRET_LENGTH))
        row = KeyRow(
            sha256=_digest(secret),
            name=name,
            prefix=secret[:8],
            last_four=secret[-4:],
            created_at=datetime.now(UTC),
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
        with Session(self._engine) as session, session.begin():
            row = session.get(KeyRow, key_id)
            if row is None:
                return False
            row.revoked_at = row.revoked_at or datetime.now(UTC)
        self._valid.clear()
        return True

    def cached(self, secret: str) -> ApiKey | None:
        """The key, if it was checked within the last `cache_s` seconds. Does not block."""
        return self._valid.get(_digest(secret))

    def check(self, secret: str) -> ApiKey:
        """Find the key that belongs to a secret.

        Looking it up by its hash leaks nothing by timing: a caller cannot choose a hash's bytes.

        Raises:
            InvalidKey: it is unknown or revoked.
        """
        digest = _digest(secret)
        with Session(self._engine) as session:
            row = session.scalar(select(KeyRow).where(KeyRow.sha256 == digest))
            if row is None or row.revoked_at is not None:
                raise InvalidKey
            self._valid[digest] = key = _key(row)
            return key


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: KeyRow) -> ApiKey:
    return ApiKey(row.id, row.name, row.prefix, row.last_four, row.created_at, row.revoked_at)
