"""What the dashboard and the command line call for people."""

from dataclasses import dataclass

from sqlalchemy import Engine

from gateway.identity.links import LinkStore
from gateway.identity.members import MemberStore
from gateway.identity.sessions import SessionStore
from gateway.identity.users import UserStore
from gateway.settings import Settings


@dataclass(frozen=True)
class Identity:
    """The stores of people, over one database."""

    users: UserStore
    members: MemberStore
    sessions: SessionStore
    links: LinkStore


def open_identity(engine: Engine, settings: Settings) -> Identity:
    """Return the stores over an open, migrated database."""
    return Identity(
        users=UserStore(engine),
        members=MemberStore(engine),
        sessions=SessionStore(engine, settings),
        links=LinkStore(engine, settings),
    )
