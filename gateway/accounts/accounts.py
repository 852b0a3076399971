"""Accounts: who owns keys."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.accounts.tables import AccountRow

MAX_NAME_LENGTH = 100
DEFAULT = "default"
"""The account that every database begins with."""


class BadName(Exception):
    """It is empty, too long, or has letters that cannot be printed."""


class AccountExists(Exception):
    """The name is taken."""


class NoAccount(Exception):
    """There is none of that name."""

    def __init__(self, name: str) -> None:
        super().__init__(f"there is no account {name!r}; see: clearbg accounts list")


@dataclass(frozen=True)
class Account:
    """An owner of keys."""

    id: int
    name: str
    created_at: datetime
    disabled_at: datetime | None


class AccountStore:
    """Makes, lists and disables accounts. Blocking: call it from a thread in async code."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, name: str) -> Account:
        """Make an account.

        Raises:
            BadName: it cannot be one.
            AccountExists: the name is taken.
        """
        if not (name.strip() and len(name) <= MAX_NAME_LENGTH and name.isprintable()):
            raise BadName(f"a name has 1 to {MAX_NAME_LENGTH} letters that can be printed")
        row = AccountRow(name=name, created_at=datetime.now(UTC))
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
                session.flush()
                return _account(row)
        except IntegrityError as error:
            raise AccountExists(f"there is an account {name!r} already") from error

    def list(self) -> list[Account]:
        """All accounts, oldest first, the disabled ones too."""
        with Session(self._engine) as session:
            return [
                _account(row) for row in session.scalars(select(AccountRow).order_by(AccountRow.id))
            ]

    def find(self, name: str) -> Account:
        """The account of that name.

        Raises:
            NoAccount: there is none.
        """
        with Session(self._engine) as session:
            row = session.scalar(select(AccountRow).where(AccountRow.name == name))
            if row is None:
                raise NoAccount(name)
            return _account(row)

    def disable(self, name: str) -> None:
        """Stop all keys of an account from working, within the seconds that keys are believed.

        Raises:
            NoAccount: there is none.
        """
        now = func.coalesce(AccountRow.disabled_at, datetime.now(UTC))
        change = update(AccountRow).where(AccountRow.name == name).values(disabled_at=now)
        with self._engine.begin() as connection:
            if not connection.execute(change).rowcount:
                raise NoAccount(name)


def _account(row: AccountRow) -> Account:
    return Account(row.id, row.name, row.created_at, row.disabled_at)
