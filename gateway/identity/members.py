"""Members: users and their roles in accounts."""

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, Engine, delete, select
from sqlalchemy.orm import Session

from gateway.accounts.accounts import Account, account_of
from gateway.accounts.tables import AccountRow
from gateway.identity.tables import MembershipRow, SessionRow
from gateway.identity.users import User, user_of


class Role(StrEnum):
    """What a user may do in an account."""

    OWNER = "owner"
    """Everything, members included."""
    MEMBER = "member"
    """Cut out, make keys of one's own, read; not manage members."""


class LastOwner(Exception):
    """An account must keep an owner."""

    def __init__(self) -> None:
        super().__init__("This is the account's only owner: make another member an owner first.")


@dataclass(frozen=True)
class Member:
    """A user of an account, and the role."""

    user: User
    account: Account
    role: Role
    since: datetime


class MemberStore:
    """Adds, lists and removes members. Blocking: in async code, use a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def add(self, account_id: int, user_id: int, role: Role) -> None:
        """Make a user a member; one who is a member already keeps the higher role."""
        with Session(self._writing) as session, session.begin():
            row = session.get(MembershipRow, (user_id, account_id))
            if row is None:
                session.add(
                    MembershipRow(
                        user_id=user_id,
                        account_id=account_id,
                        role=role,
                        created_at=datetime.now(UTC),
                    )
                )
            elif role is Role.OWNER:
                row.role = role

    def of_account(self, account_id: int) -> list[Member]:
        """Return an account's members, those of longest standing first."""
        return self._where(MembershipRow.account_id == account_id)

    def of_user(self, user_id: int) -> list[Member]:
        """Return a user's memberships of accounts that are not disabled, the oldest first."""
        every = self._where(MembershipRow.user_id == user_id)
        return [member for member in every if not member.account.disabled_at]

    def set_role(self, account_id: int, user_id: int, role: Role) -> bool:
        """Change a member's role. Return False if there is no such member.

        Raises:
            LastOwner: nobody would be left to manage the account.
        """
        with Session(self._writing) as session, session.begin():
            row = self._locked(session, account_id, user_id)
            if row is None:
                return False
            if role is not Role.OWNER:
                self._check_another_owner(session, row)
            row.role = role
            return True

    def remove(self, account_id: int, user_id: int) -> bool:
        """Remove a member, whose sessions in the account end. Return False if there is none.

        Raises:
            LastOwner: nobody would be left to manage the account.
        """
        with Session(self._writing) as session, session.begin():
            return self._remove(session, account_id, user_id)

    def remove_from_all(self, user_id: int) -> None:
        """Remove a user from all accounts, or from none.

        Raises:
            LastOwner: nobody would be left to manage one of them.
        """
        every = select(MembershipRow.account_id).where(MembershipRow.user_id == user_id)
        with Session(self._writing) as session, session.begin():
            for account_id in session.scalars(every.order_by(MembershipRow.account_id)).all():
                self._remove(session, account_id, user_id)

    def _remove(self, session: Session, account_id: int, user_id: int) -> bool:
        row = self._locked(session, account_id, user_id)
        if row is None:
            return False
        self._check_another_owner(session, row)
        session.delete(row)
        of_both = (SessionRow.user_id == user_id) & (SessionRow.account_id == account_id)
        session.execute(delete(SessionRow).where(of_both))
        return True

    @property
    def _writing(self) -> Engine:
        """The engine for what reads before it writes; see `database`."""
        return self._engine.execution_options(write=True)

    @staticmethod
    def _locked(session: Session, account_id: int, user_id: int) -> MembershipRow | None:
        """Return a membership, after locking its account: two owners may remove each other."""
        session.execute(select(AccountRow.id).where(AccountRow.id == account_id).with_for_update())
        return session.get(MembershipRow, (user_id, account_id))

    @staticmethod
    def _check_another_owner(session: Session, row: MembershipRow) -> None:
        others = select(MembershipRow.user_id).where(
            MembershipRow.account_id == row.account_id,
            MembershipRow.user_id != row.user_id,
            MembershipRow.role == Role.OWNER,
        )
        if row.role == Role.OWNER and session.scalar(others.limit(1)) is None:
            raise LastOwner

    def _where(self, condition: ColumnElement[bool]) -> list[Member]:
        wanted = select(MembershipRow).where(condition).order_by(MembershipRow.created_at)
        with Session(self._engine) as session:
            return [_member(row) for row in session.scalars(wanted)]


def _member(row: MembershipRow) -> Member:
    return Member(user_of(row.user), account_of(row.account), Role(row.role), row.created_at)
