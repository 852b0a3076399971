"""Puts the pages together."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from fastapi.routing import APIRoute
from sqlalchemy import Engine

from gateway.accounts.accounts import AccountStore
from gateway.accounts.authenticator import Authenticator
from gateway.bulk.services import BulkServices
from gateway.dashboard import (
    accounts,
    assets,
    invitation,
    job,
    jobs,
    keys,
    members,
    pages,
    playground,
    sign_in,
    single_sign_on,
    status,
    usage,
    webhooks,
)
from gateway.dashboard import settings as settings_page
from gateway.dashboard.dashboard import Dashboard
from gateway.dashboard.forms import check_csrf
from gateway.dashboard.middleware import SecurityHeaders
from gateway.dashboard.visitor import anybody
from gateway.identity.identity import open_identity
from gateway.identity.password_sign_in import PasswordSignIn
from gateway.requests.handler import RequestHandler
from gateway.rest.website import Website
from gateway.settings import Settings
from gateway.store_outages import report_accounts_outages

if TYPE_CHECKING:
    from gateway.identity.oidc import OpenIdConnect

ROUTERS = (
    playground.router,
    sign_in.router,
    single_sign_on.router,
    invitation.router,
    keys.router,
    usage.router,
    settings_page.router,
    members.router,
    accounts.router,
    status.router,
)
"""The routes of all pages, one router a page."""
BULK_ROUTERS = (jobs.router, job.router, webhooks.router)
"""Those that a service without bulk jobs leaves out."""


def page_routes(*, with_bulk: bool = True) -> list[APIRoute]:
    """Return the routes of all pages."""
    routers = (*ROUTERS, *((*BULK_ROUTERS, jobs.uploads) if with_bulk else ()))
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def page_paths(settings: Settings, *, with_bulk: bool = True) -> frozenset[str]:
    """Return the paths of the pages that the settings ask for."""
    absent = {playground.PATH} if settings.playground == "off" else set()
    return frozenset(route.path for route in page_routes(with_bulk=with_bulk)) - absent


def _router(settings: Settings, *, with_bulk: bool) -> APIRouter:
    """Return all routes, of which each finds its visitor, and checks who changes something."""
    visited = [Depends(report_accounts_outages), Depends(anybody)]
    routes = APIRouter()
    for router in (*ROUTERS, *(BULK_ROUTERS if with_bulk else ())):
        if router is playground.router and settings.playground == "off":
            router = playground.instead
        routes.include_router(router, dependencies=[*visited, Depends(check_csrf)])
    if with_bulk:  # these check by themselves, since their forms are read while they arrive
        routes.include_router(jobs.uploads, dependencies=visited)
    routes.include_router(assets.router)
    return routes


def website(
    engine: Engine,
    handler: RequestHandler,
    authenticator: Authenticator,
    bulk: BulkServices | None,
    settings: Settings,
) -> Website | None:
    """Return what `gateway.rest.app` serves beside the API; None if the settings ask for none."""
    if settings.dashboard == "off":
        return None
    identity = open_identity(engine, settings)
    dashboard = Dashboard(
        settings=settings,
        engine=engine,
        handler=handler,
        authenticator=authenticator,
        accounts=AccountStore(engine),
        keys=authenticator.keys,
        identity=identity,
        password_sign_in=PasswordSignIn(
            identity.passwords, authenticator.limits, settings.sign_in_attempts_per_minute
        ),
        oidc=_oidc(settings),
        bulk=bulk,
        paths=page_paths(settings, with_bulk=bulk is not None),
    )
    routes = _router(settings, with_bulk=bulk is not None)
    return Website(routes, dashboard, pages.error_page, SecurityHeaders)


def _oidc(settings: Settings) -> "OpenIdConnect | None":
    if not settings.oidc_issuer:
        return None
    from gateway.identity.oidc import OpenIdConnect  # here: it costs a third of a second

    return OpenIdConnect(settings)
