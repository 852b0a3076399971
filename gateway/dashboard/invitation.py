"""The page that an invitation's link opens."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from gateway.dashboard import redirects
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import MaybeVisitor
from gateway.errors import Forbidden
from gateway.identity.invitations import PATH, Invitation
from gateway.identity.users import NoUser

router = APIRouter()


@router.get(PATH + "/{token}")
def show(
    request: Request, token: str, visitor: MaybeVisitor, dashboard: CurrentDashboard
) -> Response:
    """Say who is invited to what; the button accepts."""
    invitation = dashboard.identity.invitations.find(token)
    if invitation is None:
        return render(request, "invitation.html", status=HTTPStatus.GONE, invitation=None)
    is_theirs = visitor is not None and visitor.user.email == invitation.email
    must_sign_in = not is_theirs and _is_known(dashboard, invitation)
    return render(request, "invitation.html", invitation=invitation, must_sign_in=must_sign_in)


@router.post(PATH + "/{token}")
def accept(
    request: Request, token: str, visitor: MaybeVisitor, dashboard: CurrentDashboard
) -> Response:
    """Join the account: as the user of the address, who must be signed in, or as a new user."""
    identity = dashboard.identity
    invitation = identity.invitations.find(token)
    if invitation and visitor and visitor.user.email == invitation.email:
        if identity.invitations.use_up(invitation.account.id, invitation.id):
            identity.members.add(invitation.account.id, visitor.user.id, invitation.role)
            identity.sessions.switch(visitor.session.id, invitation.account.id)
            return redirects.to("/dashboard/settings")
    elif invitation and _is_known(dashboard, invitation):
        # The link alone must not sign in: an account's owner made it, and has it too.
        raise Forbidden(f"Sign in as {invitation.email} first, then open the link again.")
    elif invitation and (user := identity.registration.by_invitation(invitation)):
        return redirects.signed_in(request, dashboard, user.id, "/dashboard/settings")
    return render(request, "invitation.html", status=HTTPStatus.GONE, invitation=None)


def _is_known(dashboard: Dashboard, invitation: Invitation) -> bool:
    try:
        dashboard.identity.users.find(invitation.email)
    except NoUser:
        return False
    return True
