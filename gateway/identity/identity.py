"""What the dashboard and the command line call for people."""

from dataclasses import dataclass

from sqlalchemy import Engine

from gateway.accounts.accounts import AccountStore
from gateway.identity.invitations import InvitationStore
from gateway.identity.links import LinkStore
from gateway.identity.members import MemberStore
from gateway.identity.passwords import PasswordStore
from gateway.identity.registration import Registration
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
    invitations: InvitationStore
    passwords: PasswordStore
    registration: Registration


def open_identity(engine: Engine, settings: Settings) -> Identity:
    """Return the stores over an open, migrated database."""
    users, members = UserStore(engine), MemberStore(engine)
    sessions = SessionStore(engine, settings)
    invitations = InvitationStore(engine, settings)
    accounts, domains = AccountStore(engine), settings.allowed_oidc_domains
    return Identity(
        users=users,
        members=members,
        sessions=sessions,
        links=LinkStore(engine, settings),
        invitations=invitations,
        passwords=PasswordStore(engine),
        registration=Registration(users, members, sessions, invitations, accounts, domains),
    )
