"""Sessions: browsers in which somebody is signed in. Rows, so that every replica knows them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import ColumnElement, Engine, delete, or_, select, update
from sqlalchemy.orm import Session as DatabaseSession

from gateway.accounts.accounts import Account, account_of
from gateway.identity.members import Role
from gateway.identity.tables import MembershipRow, SessionRow
from gateway.identity.tokens import digest, new_token
from gateway.identity.users import User, user_of
from gateway.settings import Settings

SEEN_EVERY = timedelta(minutes=1)
"""How often a session in use writes when it was last seen."""
MAX_BROWSER_LENGTH, MAX_ADDRESS_LENGTH = 200, 45


@dataclass(frozen=True)
class Session:
    """One browser in which a user is signed in."""

    id: int
    created_at: datetime
    last_seen_at: datetime
    address: str
    browser: str
    """As the browser names itself (`User-Agent`)."""


@dataclass(frozen=True)
class Visitor:
    """Who sends a request from a browser: a signed-in user, and the account that they look at."""

    user: User
    account: Account
    role: Role
    session: Session

    @property
    def is_admin(self) -> bool:
        """Whether the user may manage all accounts."""
        return self.user.is_admin

    @property
    def is_owner(self) -> bool:
        """Whether the user may manage the account."""
        return self.role is Role.OWNER


class SessionStore:
    """Starts, finds and ends sessions. Blocking: in async code, use a thread."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._idle = timedelta(hours=settings.session_idle_h)
        self._lifetime = timedelta(hours=settings.session_lifetime_h)

    def start(self, user_id: int, account_id: int, *, address: str, browser: str) -> str:
        """Start a session, and return its token, which only the browser keeps."""
        token, now = new_token(), datetime.now(UTC)
        row = SessionRow(
            token_sha256=digest(token),
            user_id=user_id,
            account_id=account_id,
            created_at=now,
            last_seen_at=now,
            address=address[:MAX_ADDRESS_LENGTH],
            browser=browser[:MAX_BROWSER_LENGTH],
        )
        with DatabaseSession(self._engine) as session, session.begin():
            session.execute(delete(SessionRow).where(self._has_expired(now)))
            session.add(row)
        return token

    def find(self, token: str) -> Visitor | None:
        """Return who a token belongs to, and note that the session is in use.

        Returns:
            None if there is no such session, it has expired, the user is no longer a member of
            the account, or the account is disabled.
        """
        now = datetime.now(UTC)
        found = (
            select(SessionRow, MembershipRow)
            .join(
                MembershipRow,
                (MembershipRow.user_id == SessionRow.user_id)
                & (MembershipRow.account_id == SessionRow.account_id),
            )
            .where(SessionRow.token_sha256 == digest(token), ~self._has_expired(now))
        )
        with DatabaseSession(self._engine) as session:
            row = session.execute(found).first()
        if row is None or row[1].account.disabled_at:
            return None
        if now - row[0].last_seen_at > SEEN_EVERY:
            self._update(row[0].id, last_seen_at=now)
        return Visitor(
            user=user_of(row[1].user),
            account=account_of(row[1].account),
            role=Role(row[1].role),
            session=_session(row[0]),
        )

    def list(self, user_id: int) -> list[Session]:
        """Return a user's sessions that have not expired, the latest first."""
        wanted = (
            select(SessionRow)
            .where(SessionRow.user_id == user_id, ~self._has_expired(datetime.now(UTC)))
            .order_by(SessionRow.last_seen_at.desc(), SessionRow.id.desc())
        )
        with DatabaseSession(self._engine) as session:
            return [_session(row) for row in session.scalars(wanted)]

    def switch(self, session_id: int, account_id: int) -> None:
        """Have a session show another account; `find` checks that the user is a member."""
        self._update(session_id, account_id=account_id)

    def end(self, token: str) -> None:
        """End the session of a token; nothing happens if there is none."""
        self._delete(SessionRow.token_sha256 == digest(token))

    def end_one(self, user_id: int, session_id: int) -> bool:
        """End one of a user's own sessions. Return False if there is no such session of theirs."""
        return self._delete((SessionRow.user_id == user_id) & (SessionRow.id == session_id)) > 0

    def end_all(self, user_id: int) -> None:
        """Sign a user out everywhere."""
        self._delete(SessionRow.user_id == user_id)

    def _has_expired(self, now: datetime) -> ColumnElement[bool]:
        return or_(
            SessionRow.last_seen_at < now - self._idle,
            SessionRow.created_at < now - self._lifetime,
        )

    def _update(self, session_id: int, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(
                update(SessionRow).where(SessionRow.id == session_id).values(**values)
            )

    def _delete(self, which: ColumnElement[bool]) -> int:
        with self._engine.begin() as connection:
            return connection.execute(delete(SessionRow).where(which)).rowcount


def _session(row: SessionRow) -> Session:
    return Session(row.id, row.created_at, row.last_seen_at, row.address, row.browser)
