"""The members page: who belongs to the account, and invitations."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response

from gateway.dashboard import redirects
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.forms import Fields, FormFields
from gateway.dashboard.ids import Id
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import Owner, SignedIn
from gateway.errors import BadRequest, NoSuchThing
from gateway.identity.members import LastOwner, Role
from gateway.identity.sessions import Visitor
from gateway.identity.users import BadUser

PATH = "/dashboard/members"

router = APIRouter()


@router.get(PATH)
def show(request: Request, visitor: SignedIn, dashboard: CurrentDashboard) -> Response:
    """Show the members; owners see the forms too."""
    return _page(request, visitor, dashboard)


@router.post(PATH + "/invitations")
def invite(
    request: Request, visitor: Owner, form: FormFields, dashboard: CurrentDashboard
) -> Response:
    """Make an invitation, and show its link, once."""
    email, invitations = form.get("email", ""), dashboard.identity.invitations
    try:
        link = invitations.create(visitor.account.id, email, _role(form))
    except BadUser as error:
        return _page(request, visitor, dashboard, error=str(error), email=email)
    return _page(request, visitor, dashboard, link=link, email=email)


@router.post(PATH + "/invitations/{invitation_id}/withdraw")
def withdraw(invitation_id: Id, visitor: Owner, dashboard: CurrentDashboard) -> Response:
    """Make an invitation's link useless."""
    if not dashboard.identity.invitations.use_up(visitor.account.id, invitation_id):
        raise NoSuchThing
    return redirects.to(PATH)


@router.post(PATH + "/{user_id}/role")
def set_role(
    request: Request, user_id: Id, visitor: Owner, form: FormFields, dashboard: CurrentDashboard
) -> Response:
    """Make a member an owner, or an owner a member."""
    try:
        found = dashboard.identity.members.set_role(visitor.account.id, user_id, _role(form))
    except LastOwner as error:
        return _page(request, visitor, dashboard, error=str(error))
    if not found:
        raise NoSuchThing
    return redirects.to(PATH)


@router.post(PATH + "/{user_id}/remove")
def remove(request: Request, user_id: Id, visitor: Owner, dashboard: CurrentDashboard) -> Response:
    """Remove a member from the account; the user stays."""
    try:
        found = dashboard.identity.members.remove(visitor.account.id, user_id)
    except LastOwner as error:
        return _page(request, visitor, dashboard, error=str(error))
    if not found:
        raise NoSuchThing
    return redirects.to(PATH)


def _role(form: Fields) -> Role:
    try:
        return Role(form.get("role", ""))
    except ValueError as error:
        raise BadRequest("A role is owner or member.") from error


def _page(
    request: Request,
    visitor: Visitor,
    dashboard: Dashboard,
    *,
    error: str = "",
    email: str = "",
    link: str = "",
) -> Response:
    identity, account_id = dashboard.identity, visitor.account.id
    return render(
        request,
        "members.html",
        status=HTTPStatus.BAD_REQUEST if error else HTTPStatus.OK,
        members=identity.members.of_account(account_id),
        invitations=identity.invitations.of_account(account_id) if visitor.is_owner else [],
        error=error,
        email=email,
        link=link,
    )
