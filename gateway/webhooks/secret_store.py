"""What an account's webhooks are signed with. Blocking: call it from a thread in async code."""

import base64
import contextlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.webhooks.tables import SecretRow

SECRET_BYTES = 32
"""Standard Webhooks asks for 24 to 64."""
OVERLAP = timedelta(hours=24)
"""For so long the secret before a rotation signs too."""


@dataclass(frozen=True)
class Signing:
    """The secrets of an account."""

    secret: str
    previous: str | None
    previous_until: datetime | None

    @property
    def all(self) -> list[str]:
        """Those that sign now."""
        return [self.secret] + ([self.previous] if self.previous else [])


class SecretStore:
    """Keeps one secret for each account, made when it is first asked for."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, account_id: int) -> Signing:
        """An account's secrets."""
        with Session(self._engine) as session:
            row = session.get(SecretRow, account_id)
            if row:
                return _signing(row)
        with (
            contextlib.suppress(IntegrityError),  # another one was faster
            Session(self._engine) as session,
            session.begin(),
        ):
            session.add(SecretRow(account_id=account_id, secret=_new()))
        return self.get(account_id)

    def rotate(self, account_id: int) -> Signing:
        """Make a new one; the one that was signs too until `OVERLAP` is over."""
        self.get(account_id)
        change = (
            update(SecretRow)
            .where(SecretRow.account_id == account_id)
            .values(previous=SecretRow.secret, secret=_new(), rotated_at=datetime.now(UTC))
        )
        with Session(self._engine) as session, session.begin():
            session.execute(change)
        return self.get(account_id)


def _new() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _signing(row: SecretRow) -> Signing:
    until = row.rotated_at + OVERLAP if row.rotated_at else None
    if until is None or until <= datetime.now(UTC):
        return Signing(row.secret, None, None)
    return Signing(row.secret, row.previous, until)
