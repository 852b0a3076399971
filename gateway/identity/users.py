"""Users: the people who sign in to the dashboard."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway.identity.tables import UserRow

EMAIL = re.compile(r"[^@\s\x00-\x1f\x7f]+@[^@\s\x00-\x1f\x7f]+")
MAX_EMAIL_LENGTH = 254
MAX_NAME_LENGTH = 100
FIRST_ADMIN = "admin@localhost"
"""E-mail address of the administrator that the first start creates."""


class BadUser(Exception):
    """The e-mail address or the name cannot be used. The message says why."""


class NoUser(Exception):
    """There is no user with this e-mail address."""

    def __init__(self, email: str) -> None:
        super().__init__(f"there is no user {email!r}; see: clearbg users list")


@dataclass(frozen=True)
class User:
    """A person who can sign in."""

    id: int
    email: str
    name: str
    """As they want to be called; may be empty."""
    is_admin: bool
    """Whether they may create, restrict and disable accounts."""
    has_password: bool
    has_oidc: bool
    created_at: datetime
    last_sign_in_at: datetime | None

    @property
    def shown_name(self) -> str:
        """The name, or without one the e-mail address."""
        return self.name or self.email


class UserStore:
    """Creates, lists, changes and removes users. Blocking: in async code, use a thread."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def create(self, email: str, *, name: str = "", is_admin: bool = False) -> User:
        """Create a user, who belongs to no account yet.

        Raises:
            BadUser: the address or the name is invalid, or the address is taken.
        """
        row = UserRow(
            email=normalized(email),
            name=checked_name(name),
            is_admin=is_admin,
            created_at=datetime.now(UTC),
        )
        try:
            with Session(self._engine) as session, session.begin():
                session.add(row)
                session.flush()
                return user_of(row)
        except IntegrityError as error:
            raise BadUser(f"there is a user {row.email!r} already") from error

    def list(self) -> list[User]:
        """Return all users, oldest first."""
        with Session(self._engine) as session:
            return [user_of(row) for row in session.scalars(select(UserRow).order_by(UserRow.id))]

    def find(self, email: str) -> User:
        """Return the user with an e-mail address.

        Raises:
            NoUser: there is none.
        """
        with Session(self._engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.email == email.strip().lower()))
            if row is None:
                raise NoUser(email)
            return user_of(row)

    def get(self, user_id: int) -> User | None:
        """Return the user with an id, or None."""
        with Session(self._engine) as session:
            row = session.get(UserRow, user_id)
            return user_of(row) if row else None

    def find_by_subject(self, subject: str) -> User | None:
        """Return the user who has signed in as this person of the OpenID Connect provider."""
        with Session(self._engine) as session:
            row = session.scalar(select(UserRow).where(UserRow.oidc_subject == subject))
            return user_of(row) if row else None

    def link_subject(self, user_id: int, subject: str) -> None:
        """Have a user sign in as a person of the provider, and by nothing set before.

        Whoever set the password has not shown that the e-mail address is theirs: the provider has.
        """
        self._update(user_id, oidc_subject=subject, password_hash=None)

    def rename(self, user_id: int, name: str) -> None:
        """Set how a user wants to be called.

        Raises:
            BadUser: the name is invalid.
        """
        self._update(user_id, name=checked_name(name))

    def set_email(self, user_id: int, email: str) -> None:
        """Change the e-mail address that a user signs in with.

        Raises:
            BadUser: the address is invalid or taken.
        """
        try:
            self._update(user_id, email=normalized(email))
        except IntegrityError as error:
            raise BadUser(f"there is a user {normalized(email)!r} already") from error

    def set_admin(self, user_id: int, is_admin: bool) -> None:
        """Make a user an administrator, or no longer one."""
        self._update(user_id, is_admin=is_admin)

    def note_sign_in(self, user_id: int) -> None:
        """Note that a user has just signed in."""
        self._update(user_id, last_sign_in_at=datetime.now(UTC))

    def remove(self, user_id: int) -> None:
        """Remove a user with all sessions, links and memberships."""
        with self._engine.begin() as connection:
            connection.execute(delete(UserRow).where(UserRow.id == user_id))

    def _update(self, user_id: int, **values: object) -> None:
        with self._engine.begin() as connection:
            connection.execute(update(UserRow).where(UserRow.id == user_id).values(**values))


def normalized(email: str) -> str:
    """Return an e-mail address in lower case, as it is stored.

    Raises:
        BadUser: it is none.
    """
    address = email.strip().lower()
    if not EMAIL.fullmatch(address) or len(address) > MAX_EMAIL_LENGTH:
        raise BadUser("Enter an e-mail address such as ada@example.com.")
    return address


def checked_name(name: str) -> str:
    """Return a name without spaces around it.

    Raises:
        BadUser: it is too long, or has characters that are not printable.
    """
    name = name.strip()
    if len(name) > MAX_NAME_LENGTH or not name.isprintable():
        raise BadUser(f"A name has at most {MAX_NAME_LENGTH} printable characters.")
    return name


def user_of(row: UserRow) -> User:
    """Return a row as a user, without its password."""
    return User(
        id=row.id,
        email=row.email,
        name=row.name,
        is_admin=row.is_admin,
        has_password=row.password_hash is not None,
        has_oidc=row.oidc_subject is not None,
        created_at=row.created_at,
        last_sign_in_at=row.last_sign_in_at,
    )
