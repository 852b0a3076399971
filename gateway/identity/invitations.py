"""Invitations: links by which a person joins an account."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, delete, select
from sqlalchemy.orm import Session

from gateway.accounts.accounts import Account, account_of
from gateway.identity.members import Role
from gateway.identity.tables import InvitationRow
from gateway.identity.tokens import digest, new_token
from gateway.identity.users import normalized
from gateway.settings import Settings

PATH = "/invitation"
LIFETIME = timedelta(days=7)


@dataclass(frozen=True)
class Invitation:
    """An invitation that nobody has accepted yet."""

    id: int
    account: Account
    email: str
    role: Role
    expires_at: datetime


class InvitationStore:
    """Makes, lists and uses up invitations. Blocking: in async code, use a thread."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine, self._base_url = engine, settings.base_url

    def create(self, account_id: int, email: str, role: Role) -> str:
        """Invite whoever has an e-mail address, and return the link's URL, shown only once.

        Raises:
            BadUser: the address is invalid.
        """
        token, now = new_token(), datetime.now(UTC)
        row = InvitationRow(
            token_sha256=digest(token),
            account_id=account_id,
            email=normalized(email),
            role=role,
            expires_at=now + LIFETIME,
        )
        with Session(self._engine) as session, session.begin():
            session.execute(delete(InvitationRow).where(InvitationRow.expires_at <= now))
            session.add(row)
        return f"{self._base_url}{PATH}/{token}"

    def of_account(self, account_id: int) -> list[Invitation]:
        """Return an account's open invitations, oldest first."""
        wanted = (
            select(InvitationRow)
            .where(
                InvitationRow.account_id == account_id,
                InvitationRow.expires_at > datetime.now(UTC),
            )
            .order_by(InvitationRow.id)
        )
        with Session(self._engine) as session:
            return [_invitation(row) for row in session.scalars(wanted)]

    def find(self, token: str) -> Invitation | None:
        """Return the invitation of a link; None if it was used, withdrawn, or has expired."""
        wanted = select(InvitationRow).where(
            InvitationRow.token_sha256 == digest(token),
            InvitationRow.expires_at > datetime.now(UTC),
        )
        with Session(self._engine) as session:
            row = session.scalar(wanted)
            if row is None or row.account.disabled_at:
                return None
            return _invitation(row)

    def use_up(self, account_id: int, invitation_id: int) -> bool:
        """Delete an invitation, accepted or withdrawn. Return False if it is gone already."""
        which = delete(InvitationRow).where(
            InvitationRow.id == invitation_id, InvitationRow.account_id == account_id
        )
        with self._engine.begin() as connection:
            return connection.execute(which).rowcount > 0


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(row.id, account_of(row.account), row.email, Role(row.role), row.expires_at)
