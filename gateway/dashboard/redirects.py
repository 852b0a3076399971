"""Where a browser goes next: never to another site, and after a sign-in with a new session."""

import re
from http import HTTPStatus

from fastapi import Request
from fastapi.responses import RedirectResponse

from gateway.dashboard import cookies
from gateway.dashboard.dashboard import Dashboard
from gateway.dashboard.visitor import SIGN_IN, address_of
from gateway.errors import Forbidden
from gateway.identity.sessions import Visitor

LOCAL = re.compile(r"/(?![/\\])[!-\[\]-~]*")
"""A path of this site in printable ASCII: browsers read `//host` and `/\\host` as other sites, and
drop tabs and line breaks."""
NO_ACCOUNT = "You are not a member of any account. Ask its owner for an invitation."


def local(target: str) -> str:
    """Return a path of this site as it is, and the front page instead of anything else."""
    return target if LOCAL.fullmatch(target) else "/"


def to(path: str) -> RedirectResponse:
    """Send the browser to a page, after a form too."""
    return RedirectResponse(path, HTTPStatus.SEE_OTHER)


def signed_in(
    request: Request, dashboard: Dashboard, user_id: int, target: str
) -> RedirectResponse:
    """Start a session and send the browser to a page of this site.

    The session is always new, and an old one of the browser ends: a token that somebody else has
    put there before never becomes one that is signed in.

    Raises:
        Forbidden: the user belongs to no account.
    """
    memberships = dashboard.identity.members.of_user(user_id)
    if not memberships:
        raise Forbidden(NO_ACCOUNT)
    dashboard.identity.users.note_sign_in(user_id)
    return _with_new_session(request, dashboard, user_id, memberships[0].account.id, target)


def signed_in_again(
    request: Request, dashboard: Dashboard, visitor: Visitor, target: str
) -> RedirectResponse:
    """End all sessions of a user, start one in this browser, and send it to a page of this site."""
    dashboard.identity.sessions.end_all(visitor.user.id)
    return _with_new_session(request, dashboard, visitor.user.id, visitor.account.id, target)


def signed_out(request: Request) -> RedirectResponse:
    """Make the browser forget its session, and send it to the sign-in."""
    response = to(SIGN_IN)
    cookies.clear(request, response, cookies.SESSION)
    return response


def _with_new_session(
    request: Request, dashboard: Dashboard, user_id: int, account_id: int, target: str
) -> RedirectResponse:
    sessions = dashboard.identity.sessions
    sessions.end(cookies.read(request, cookies.SESSION))
    browser = request.headers.get("user-agent", "")
    token = sessions.start(user_id, account_id, address=address_of(request), browser=browser)
    response = to(local(target))
    lifetime_s = round(dashboard.settings.session_lifetime_h * 3600)
    cookies.write(request, response, cookies.SESSION, token, lifetime_s)
    cookies.clear(request, response, cookies.ANONYMOUS)
    return response
