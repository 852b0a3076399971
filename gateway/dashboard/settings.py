"""The settings page: the visitor's profile, password, accounts and sessions."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from gateway.dashboard import redirects
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.forms import FormFields
from gateway.dashboard.ids import Id
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import SignedIn, address_of
from gateway.errors import NoSuchThing, RateLimited
from gateway.identity.passwords import MIN_LENGTH, BadPassword
from gateway.identity.sessions import Visitor
from gateway.identity.users import BadUser

PATH = "/dashboard/settings"

router = APIRouter()


@router.get(PATH)
def show(
    request: Request, visitor: SignedIn, dashboard: CurrentDashboard, saved: str = ""
) -> Response:
    """Show the page."""
    return _page(request, visitor, dashboard, saved=saved)


@router.post(PATH + "/profile")
def save_profile(
    request: Request, visitor: SignedIn, form: FormFields, dashboard: CurrentDashboard
) -> Response:
    """Set the name; administrators may set their e-mail address too.

    Others cannot: whoever takes a colleague's address would become them at their OIDC sign-in.
    """
    users, email = dashboard.identity.users, form.get("email", visitor.user.email)
    try:
        users.rename(visitor.user.id, form.get("name", ""))
        if visitor.is_admin and email != visitor.user.email:
            users.set_email(visitor.user.id, email)
    except BadUser as error:
        return _page(request, visitor, dashboard, profile_error=str(error))
    return redirects.to(f"{PATH}?saved=profile")


@router.post(PATH + "/password")
async def set_password(
    request: Request, visitor: SignedIn, form: FormFields, dashboard: CurrentDashboard
) -> Response:
    """Set the password, with the current one if there is any. All other sessions end."""
    user, sign_in = visitor.user, dashboard.password_sign_in
    try:
        current = form.get("current", "")
        if user.has_password and not await sign_in.check(user.email, current, address_of(request)):
            raise BadPassword("The current password is wrong.")
        if form.get("new", "") != form.get("again", ""):
            raise BadPassword("The new password was not typed the same way twice.")
        await sign_in.change(user.id, form.get("new", ""))
    except (BadPassword, RateLimited) as error:
        return await run_in_threadpool(
            _page, request, visitor, dashboard, password_error=str(error)
        )
    return await run_in_threadpool(
        redirects.signed_in_again, request, dashboard, visitor, f"{PATH}?saved=password"
    )


@router.post(PATH + "/account")
def switch_account(visitor: SignedIn, form: FormFields, dashboard: CurrentDashboard) -> Response:
    """Look at another account of the visitor's."""
    memberships = dashboard.identity.members.of_user(visitor.user.id)
    chosen = [each for each in memberships if str(each.account.id) == form.get("account")]
    if not chosen:
        raise NoSuchThing
    dashboard.identity.sessions.switch(visitor.session.id, chosen[0].account.id)
    return redirects.to(PATH)


@router.post(PATH + "/sessions/{session_id}/end")
def end_session(session_id: Id, visitor: SignedIn, dashboard: CurrentDashboard) -> Response:
    """Sign one browser of the visitor's out."""
    if not dashboard.identity.sessions.end_one(visitor.user.id, session_id):
        raise NoSuchThing
    return redirects.to(PATH)


@router.post(PATH + "/sign-out-everywhere")
def sign_out_everywhere(
    request: Request, visitor: SignedIn, dashboard: CurrentDashboard
) -> Response:
    """End all sessions of the visitor, this one too."""
    dashboard.identity.sessions.end_all(visitor.user.id)
    return redirects.signed_out(request)


def _page(
    request: Request,
    visitor: Visitor,
    dashboard: Dashboard,
    *,
    saved: str = "",
    profile_error: str = "",
    password_error: str = "",
) -> Response:
    is_wrong = profile_error or password_error
    return render(
        request,
        "settings.html",
        status=HTTPStatus.BAD_REQUEST if is_wrong else HTTPStatus.OK,
        sessions=dashboard.identity.sessions.list(visitor.user.id),
        memberships=dashboard.identity.members.of_user(visitor.user.id),
        min_length=MIN_LENGTH,
        saved=saved,
        profile_error=profile_error,
        password_error=password_error,
    )
