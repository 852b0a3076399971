"""Who visits: FastAPI dependencies that ask for a session, and for a role."""

from typing import Annotated
from urllib.parse import quote

from fastapi import Depends, Request

from gateway.dashboard import cookies
from gateway.dashboard.dashboard import CurrentDashboard
from gateway.errors import Forbidden, NotSignedIn
from gateway.identity.sessions import Visitor

SIGN_IN = "/sign-in"


def anybody(request: Request, dashboard: CurrentDashboard) -> Visitor | None:
    """Return who is signed in, or None. Pages show it, whether the route uses it or not."""
    if not hasattr(request.state, "visitor"):
        token = cookies.read(request, cookies.SESSION)
        request.state.visitor = dashboard.identity.sessions.find(token) if token else None
    visitor: Visitor | None = request.state.visitor
    return visitor


def signed_in(visitor: Annotated[Visitor | None, Depends(anybody)]) -> Visitor:
    """Return who is signed in.

    Raises:
        NotSignedIn: nobody is; a browser that opens a page is sent to the sign-in.
    """
    if visitor is None:
        raise NotSignedIn
    return visitor


def owner(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """Return who is signed in, if as an owner of the account.

    Raises:
        NotSignedIn, Forbidden: nobody is, or as a member.
    """
    if not visitor.is_owner:
        raise Forbidden
    return visitor


def admin(visitor: Annotated[Visitor, Depends(signed_in)]) -> Visitor:
    """Return who is signed in, if as an administrator.

    Raises:
        NotSignedIn, Forbidden: nobody is, or somebody else.
    """
    if not visitor.is_admin:
        raise Forbidden("Only administrators may do this.")
    return visitor


MaybeVisitor = Annotated[Visitor | None, Depends(anybody)]
SignedIn = Annotated[Visitor, Depends(signed_in)]
Owner = Annotated[Visitor, Depends(owner)]
Admin = Annotated[Visitor, Depends(admin)]


def sign_in_url(request: Request) -> str:
    """Return the sign-in page, which leads back to the page that was asked for."""
    query = f"?{request.url.query}" if request.url.query else ""
    return f"{SIGN_IN}?next={quote(request.url.path + query, safe='')}"


def address_of(request: Request) -> str:
    """Return the visitor's IP address."""
    return request.client.host if request.client else ""
