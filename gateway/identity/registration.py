"""Registers people: by OpenID Connect, by an invitation, and the first administrator."""

from dataclasses import dataclass

from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.errors import Forbidden
from gateway.identity.invitations import Invitation, InvitationStore
from gateway.identity.members import MemberStore, Role
from gateway.identity.sessions import SessionStore
from gateway.identity.users import FIRST_ADMIN, MAX_NAME_LENGTH, NoUser, User, UserStore


@dataclass(frozen=True)
class Claims:
    """What an OpenID Connect provider says about a person."""

    subject: str
    """The provider's URL and its id of the person."""
    email: str
    """Verified; in lower case."""
    name: str


@dataclass(frozen=True)
class Registration:
    """Decides who becomes a user, and of which account. Blocking: in async code, use a thread."""

    users: UserStore
    members: MemberStore
    sessions: SessionStore
    invitations: InvitationStore
    accounts: AccountStore
    domains: list[str]
    """E-mail domains whose people may register themselves by OpenID Connect."""

    def by_claims(self, claims: Claims) -> User:
        """Return the user whom a provider names; create one if the domain is allowed.

        Raises:
            Forbidden: nobody has registered them, or another person had the address before.
        """
        if user := self.users.find_by_subject(claims.subject):
            return user
        try:
            user = self.users.find(claims.email)
        except NoUser:
            user = self._new_member(claims)
        if user.has_oidc:
            raise Forbidden("Another person has signed in with this e-mail address before.")
        self.users.link_subject(user.id, claims.subject)
        self.sessions.end_all(user.id)
        return user

    def by_invitation(self, invitation: Invitation) -> User | None:
        """Accept an invitation for an address that nobody has yet; None if it was used already.

        Raises:
            BadUser: somebody has the address.
        """
        if not self.invitations.use_up(invitation.account.id, invitation.id):
            return None
        user = self.users.create(invitation.email)
        self.members.add(invitation.account.id, user.id, invitation.role)
        return user

    def first_admin(self) -> User | None:
        """Create the first administrator, who owns the default account; None if there are users."""
        if self.users.list():
            return None
        user = self.users.create(FIRST_ADMIN, name="Administrator", is_admin=True)
        self.members.add(self.accounts.find(DEFAULT).id, user.id, Role.OWNER)
        return user

    def _new_member(self, claims: Claims) -> User:
        if claims.email.rpartition("@")[2] not in self.domains:
            raise Forbidden(
                f"{claims.email} is not registered here. Ask an owner for an invitation."
            )
        name = "".join(filter(str.isprintable, claims.name))[:MAX_NAME_LENGTH]
        user = self.users.create(claims.email, name=name)
        self.members.add(self.accounts.find(DEFAULT).id, user.id, Role.MEMBER)
        return user
