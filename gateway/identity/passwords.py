"""Passwords: hashed by Argon2id, and checked in the same time whether the user exists or not."""

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from gateway.identity.tables import UserRow
from gateway.identity.users import User, user_of

MIN_LENGTH, MAX_LENGTH = 10, 200
"""In characters. Argon2 has no limit, but hashing megabytes would be an attack."""


class BadPassword(Exception):
    """The new password is too short or too long. The message says so."""


class PasswordStore:
    """Sets and checks passwords. Blocking, for a tenth of a second and 64 MiB: use a thread."""

    def __init__(self, engine: Engine, hasher: PasswordHasher | None = None) -> None:
        self._engine = engine
        self._hasher = hasher or PasswordHasher()  # RFC 9106, second choice: 64 MiB, 3 passes
        self._nobodys = _hash_of_nobody(self._hasher)

    def set(self, user_id: int, password: str) -> None:
        """Set a user's password.

        Raises:
            BadPassword: it is too short or too long.
        """
        if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
            raise BadPassword(f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.")
        self._write(user_id, self._hasher.hash(password))

    def clear(self, user_id: int) -> None:
        """Take a user's password away: links and OIDC are left to sign in with."""
        self._write(user_id, None)

    def check(self, email: str, password: str) -> User | None:
        """Return the user whom an e-mail address and a password belong to, or None.

        Always verifies one hash: without a user, or a password of theirs, one that nobody has.
        """
        with Session(self._engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.email == email.strip().lower()))
            hashed = row.password_hash if row else None
            user = user_of(row) if row else None
        is_right = self._verify(hashed or self._nobodys, password)
        if not (user and hashed and is_right):
            return None
        if self._hasher.check_needs_rehash(hashed):
            self._write(user.id, self._hasher.hash(password))
        return user

    def _verify(self, hashed: str, password: str) -> bool:
        try:
            return self._hasher.verify(hashed, password[: MAX_LENGTH + 1])
        except (VerificationError, InvalidHashError):
            return False

    def _write(self, user_id: int, hashed: str | None) -> None:
        change = update(UserRow).where(UserRow.id == user_id).values(password_hash=hashed)
        with self._engine.begin() as connection:
            connection.execute(change)


def _hash_of_nobody(hasher: PasswordHasher) -> str:
    """Return a hash that takes as long to verify as any other, and that no password has."""
    parameters = f"m={hasher.memory_cost},t={hasher.time_cost},p={hasher.parallelism}"
    salt, tag = "A" * 22, "A" * 43
    return f"$argon2id$v=19${parameters}${salt}${tag}"
