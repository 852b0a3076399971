"""One-time links that sign a user in."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, Select, delete, select
from sqlalchemy.orm import Session

from gateway.identity.tables import SignInLinkRow
from gateway.identity.tokens import digest, new_token
from gateway.settings import Settings

PATH = "/sign-in/link"


class LinkStore:
    """Makes and uses up sign-in links. Blocking: in async code, use a thread."""

    def __init__(self, engine: Engine, settings: Settings) -> None:
        self._engine = engine
        self._lifetime = timedelta(hours=settings.sign_in_link_h)
        self._base_url = settings.base_url

    def create(self, user_id: int) -> str:
        """Create a link for a user, and return its URL, which cannot be read again."""
        token, now = new_token(), datetime.now(UTC)
        row = SignInLinkRow(
            token_sha256=digest(token), user_id=user_id, expires_at=now + self._lifetime
        )
        with Session(self._engine) as session, session.begin():
            session.execute(delete(SignInLinkRow).where(SignInLinkRow.expires_at <= now))
            session.add(row)
        return f"{self._base_url}{PATH}/{token}"

    def works(self, token: str) -> bool:
        """Return whether a link would sign somebody in, without using it up."""
        with Session(self._engine) as session:
            return session.scalar(self._valid(token)) is not None

    def consume(self, token: str) -> int | None:
        """Use a link up. Return the user's id, or None if it was used, has expired or is wrong."""
        with Session(self._engine) as session:
            row = session.scalar(self._valid(token))
        if row is None:
            return None
        with self._engine.begin() as connection:
            # Of two requests at once, only one deletes the row.
            used = connection.execute(delete(SignInLinkRow).where(SignInLinkRow.id == row.id))
            return row.user_id if used.rowcount else None

    @staticmethod
    def _valid(token: str) -> Select[SignInLinkRow]:
        return select(SignInLinkRow).where(
            SignInLinkRow.token_sha256 == digest(token),
            SignInLinkRow.expires_at > datetime.now(UTC),
        )
