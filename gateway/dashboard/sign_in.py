"""The sign-in page, one-time links, and signing out."""

from fastapi import APIRouter, Request, Response

from gateway.dashboard import cookies, redirects
from gateway.dashboard.dashboard import CurrentDashboard
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import SIGN_IN, MaybeVisitor
from gateway.identity import links

router = APIRouter()


@router.get(SIGN_IN)
def show(request: Request, visitor: MaybeVisitor, next: str = "/") -> Response:
    """Show the form; who is signed in already goes on to the page that they asked for."""
    target = redirects.local(next)
    if visitor:
        return redirects.to(target)
    return render(request, "sign_in.html", next=target)


@router.get(links.PATH + "/{token}")
def show_link(request: Request, token: str, dashboard: CurrentDashboard) -> Response:
    """Show a button that uses the link up: previews of links in chats only open them."""
    works = dashboard.identity.links.works(token)
    return render(request, "link.html", works=works, status=200 if works else 410)


@router.post(links.PATH + "/{token}")
def use_link(request: Request, token: str, dashboard: CurrentDashboard) -> Response:
    """Sign in by a link, once."""
    user_id = dashboard.identity.links.consume(token)
    if user_id is None:
        return render(request, "link.html", works=False, status=410)
    return redirects.signed_in(request, dashboard, user_id, "/dashboard/settings")


@router.post("/sign-out")
def sign_out(request: Request, dashboard: CurrentDashboard) -> Response:
    """End the session."""
    dashboard.identity.sessions.end(cookies.read(request, cookies.SESSION))
    response = redirects.to(SIGN_IN)
    cookies.clear(request, response, cookies.SESSION)
    return response
