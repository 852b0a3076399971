"""The secrets that sign webhooks. Blocking: call it from a thread in async code."""

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
"""Standard Webhooks requires 24 to 64."""
OVERLAP = timedelta(hours=24)
"""How long the previous secret signs too after a rotation."""


@dataclass(frozen=True)
class SigningSecrets:
    """The secrets of an account."""

    secret: str
    previous: str | None
    previous_until: datetime | None

    @property
    def active(self) -> list[str]:
        """The secrets that sign a webhook now."""
        return [self.secret] + ([self.previous] if self.previous else [])


class SecretStore:
    """Stores one secret per account, created when it is first needed."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def get(self, account_id: int) -> SigningSecrets:
        """Return an account's secrets; create the first one if there is none."""
        with Session(self._engine) as session:
            row = session.get(SecretRow, account_id)
            if row:
                return _signing_secrets(row)
        with (
            contextlib.suppress(IntegrityError),  # another process has created it
            Session(self._engine) as session,
            session.begin(),
        ):
            session.add(SecretRow(account_id=account_id, secret=_new_secret()))
        return self.get(account_id)

    def rotate(self, account_id: int) -> SigningSecrets:
        """Create a new secret; the previous one stays active for `OVERLAP`."""
        self.get(account_id)
        change = (
            update(SecretRow)
            .where(SecretRow.account_id == account_id)
            .values(previous=SecretRow.secret, secret=_new_secret(), rotated_at=datetime.now(UTC))
        )
        with Session(self._engine) as session, session.begin():
            session.execute(change)
        return self.get(account_id)


def _new_secret() -> str:
    return "whsec_" + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def _signing_secrets(row: SecretRow) -> SigningSecrets:
    until = row.rotated_at + OVERLAP if row.rotated_at else None
    if until is None or until <= datetime.now(UTC):
        return SigningSecrets(row.secret, None, None)
    return SigningSecrets(row.secret, row.previous, until)
