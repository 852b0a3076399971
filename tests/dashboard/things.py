"""Makes what paths of pages can name, for the test that no account reaches another's."""

from collections.abc import Callable

from gateway.identity.members import Role
from tests.dashboard.conftest import Site

OTHER = "other"
"""Name of the account that the things belong to."""


def a_member(site: Site) -> object:
    return site.user("member@other.example", Role.MEMBER, OTHER).id


def an_invitation(site: Site) -> object:
    account = site.dashboard.accounts.find(OTHER)
    invitations = site.dashboard.identity.invitations
    invitations.create(account.id, "invited@other.example", Role.MEMBER)
    return invitations.of_account(account.id)[0].id


def a_session(site: Site) -> object:
    user = site.user("session@other.example", Role.MEMBER, OTHER)
    account = site.dashboard.accounts.find(OTHER)
    sessions = site.dashboard.identity.sessions
    sessions.start(user.id, account.id, address="203.0.113.9", browser="Firefox")
    return sessions.list(user.id)[0].id


def a_key(site: Site) -> object:
    return site.dashboard.keys.create("theirs", site.dashboard.accounts.find(OTHER).id)[0].id


THINGS: dict[str, Callable[[Site], object]] = {
    "user_id": a_member,
    "invitation_id": an_invitation,
    "session_id": a_session,
    "key_id": a_key,
}
"""By the parameter's name in the path. A page with a new parameter adds what makes such a thing."""
