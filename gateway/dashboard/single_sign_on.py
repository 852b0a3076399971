"""Sign-in by OpenID Connect: to the provider, and back."""

from fastapi import APIRouter, Request, Response
from fastapi.concurrency import run_in_threadpool

from gateway.dashboard import cookies, redirects
from gateway.dashboard.dashboard import CurrentDashboard
from gateway.errors import NoSuchThing, SignInFailed
from gateway.identity.oidc_attempt import CALLBACK_PATH, PATH, Attempt

COOKIE, LIFETIME_S = "clearbg_oidc", 600

router = APIRouter()


@router.get(PATH)
async def begin(request: Request, dashboard: CurrentDashboard, next: str = "/") -> Response:
    """Send the browser to the provider; a cookie remembers what its answer must fit."""
    if dashboard.oidc is None:
        raise NoSuchThing
    url, attempt = await dashboard.oidc.begin(redirects.local(next))
    response = redirects.to(url)
    cookies.write(request, response, COOKIE, attempt.as_text(), LIFETIME_S)
    return response


@router.get(CALLBACK_PATH)
async def finish(request: Request, dashboard: CurrentDashboard) -> Response:
    """Sign in whom the provider names."""
    if dashboard.oidc is None:
        raise NoSuchThing
    try:
        attempt = Attempt.from_text(cookies.read(request, COOKIE))
    except ValueError as error:
        raise SignInFailed from error
    claims = await dashboard.oidc.finish(attempt, str(request.url))
    user = await run_in_threadpool(dashboard.identity.registration.by_claims, claims)
    response = await run_in_threadpool(
        redirects.signed_in, request, dashboard, user.id, attempt.next
    )
    cookies.clear(request, response, COOKIE)
    return response
