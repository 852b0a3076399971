"""Accounts: the owners of API keys."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Engine, func, null, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.accounts.tables import AccountRow

MAX_NAME_LENGTH = 100
DEFAULT = "default"
"""Name of the account that the migrations create in every database."""


class BadName(Exception):
    """The name is empty, too long, or has characters that are not printable."""


class AccountExists(Exception):
    """An account of this name exists already."""


class NoAccount(Exception):
    """There is no account of this name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no account {name!r}; see: clearbg accounts list")


@dataclass(frozen=True)
class Account:
    """An owner of API keys."""

    id: int
    name: str
    created_at: datetime
    disabled_at: datetime | None
    models: tuple[str, ...] | None = None
    """Names of the models that it may use; None: all."""
    requests_per_minute: int | None = None
    """Of all its keys together; None: no limit but the keys' own."""
    megapixels_per_minute: int | None = None


class AccountStore:
    """Creates, lists, restricts and disables accounts. Blocking: in async code, use a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str, *, models: Sequence[str] | None = None) -> Account:
        """Create an account.

        Args:
            name: unique.
            models: names of the models that it may use; None: all.

        Raises:
            BadName: the name is empty, too long or not printable.
            AccountExists: the name is taken.
        """
        if not (name.strip() and len(name) <= MAX_NAME_LENGTH and name.isprintable()):
            raise BadName(f"a name has 1 to {MAX_NAME_LENGTH} printable characters")
        row = AccountRow(
            name=name,
            created_at=datetime.now(UTC),
            models=None if models is None else list(models),
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
                session.flush()
                return account_of(row)
        except IntegrityError as error:
            raise AccountExists(f"there is an account {name!r} already") from error

    def list(self) -> list[Account]:
        """Return all accounts, disabled ones included, oldest first."""
        with Session(self._engine) as session:
            return [
                account_of(row)
                for row in session.scalars(select(AccountRow).order_by(AccountRow.id))
            ]

    def find(self, name: str) -> Account:
        """Return the account of this name.

        Raises:
            NoAccount: there is none.
        """
        with Session(self._engine) as session:
            row = session.scalar(select(AccountRow).where(AccountRow.name == name))
            if row is None:
                raise NoAccount(name)
            return account_of(row)

    def get(self, account_id: int) -> Account | None:
        """Return the account with an id, or None."""
        with Session(self._engine) as session:
            row = session.get(AccountRow, account_id)
            return account_of(row) if row else None

    def disable(self, name: str) -> None:
        """Disable an account: its keys stop working when their cached copies expire.

        Raises:
            NoAccount: there is none.
        """
        self._update(name, disabled_at=func.coalesce(AccountRow.disabled_at, datetime.now(UTC)))

    def enable(self, name: str) -> None:
        """Enable a disabled account again.

        Raises:
            NoAccount: there is none.
        """
        self._update(name, disabled_at=null())

    def limit(
        self, name: str, *, requests_per_minute: int | None, megapixels_per_minute: int | None
    ) -> None:
        """Set what all keys of an account may spend together. Cached keys follow within seconds.

        Args:
            name: of the account.
            requests_per_minute: None: no limit but the keys' own.
            megapixels_per_minute: likewise.

        Raises:
            NoAccount: there is none.
        """
        self._update(
            name,
            requests_per_minute=requests_per_minute,
            megapixels_per_minute=megapixels_per_minute,
        )

    def restrict(self, name: str, models: Sequence[str] | None) -> None:
        """Set the models that an account may use; None: all. Cached keys follow within seconds.

        Raises:
            NoAccount: there is none.
        """
        self._update(name, models=null() if models is None else list(models))

    def _update(self, name: str, **values: Any) -> None:
        change = update(AccountRow).where(AccountRow.name == name).values(**values)
        with self._engine.begin() as connection:
            if not connection.execute(change).rowcount:
                raise NoAccount(name)


def account_of(row: AccountRow) -> Account:
    """Return a row as an account."""
    models = None if row.models is None else tuple(row.models)
    return Account(
        id=row.id,
        name=row.name,
        created_at=row.created_at,
        disabled_at=row.disabled_at,
        models=models,
        requests_per_minute=row.requests_per_minute,
        megapixels_per_minute=row.megapixels_per_minute,
    )
