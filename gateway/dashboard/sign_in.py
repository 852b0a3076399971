"""The sign-in page, one-time links, and signing out."""

from http import HTTPStatus

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from gateway.dashboard import cookies, redirects
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.forms import FormFields
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import SIGN_IN, MaybeVisitor, address_of
from gateway.errors import RateLimited
from gateway.identity import links

LINK_TARGET = "/dashboard/settings"
"""Where a link leads: to the form that sets a password."""

router = APIRouter()


@router.get(SIGN_IN)
def show(
    request: Request, visitor: MaybeVisitor, dashboard: CurrentDashboard, next: str = "/"
) -> Response:
    """Show the form; who is signed in already goes on to the page that they asked for."""
    target = redirects.local(next)
    return redirects.to(target) if visitor else _form(request, dashboard, target)


@router.post(SIGN_IN)
async def sign_in(request: Request, form: FormFields, dashboard: CurrentDashboard) -> Response:
    """Sign in by password."""
    target = redirects.local(form.get("next", "/"))
    email, password = form.get("email", ""), form.get("password", "")
    try:
        user = await dashboard.password_sign_in.check(email, password, address_of(request))
    except RateLimited as error:
        page = _form(request, dashboard, target, email, str(error), error.http)
        page.headers["Retry-After"] = str(error.retry_after_s)
        return page
    if user is None:
        wrong = "E-mail address or password is wrong."
        return _form(request, dashboard, target, email, wrong, HTTPStatus.UNAUTHORIZED)
    return await run_in_threadpool(redirects.signed_in, request, dashboard, user.id, target)


@router.get(links.PATH + "/{token}")
def show_link(request: Request, token: str, dashboard: CurrentDashboard) -> Response:
    """Show a button that uses the link up: previews of links in chats only open them."""
    works = dashboard.identity.links.works(token)
    return render(request, "link.html", works=works, status=200 if works else HTTPStatus.GONE)


@router.post(links.PATH + "/{token}")
def use_link(request: Request, token: str, dashboard: CurrentDashboard) -> Response:
    """Sign in by a link, once."""
    user_id = dashboard.identity.links.consume(token)
    if user_id is None:
        return render(request, "link.html", works=False, status=HTTPStatus.GONE)
    return redirects.signed_in(request, dashboard, user_id, LINK_TARGET)


@router.post("/sign-out")
def sign_out(request: Request, dashboard: CurrentDashboard) -> Response:
    """End the session."""
    dashboard.identity.sessions.end(cookies.read(request, cookies.SESSION))
    return redirects.signed_out(request)


def _form(
    request: Request,
    dashboard: Dashboard,
    target: str,
    email: str = "",
    error: str = "",
    status: int = HTTPStatus.OK,
) -> Response:
    return render(
        request,
        "sign_in.html",
        status=status,
        next=target,
        email=email,
        error=error,
        has_oidc=dashboard.oidc is not None,
    )
