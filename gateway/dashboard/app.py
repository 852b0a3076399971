"""Puts the pages together."""

from typing import TYPE_CHECKING

from fastapi import APIRouter, Depends
from sqlalchemy import Engine

from gateway.accounts.accounts import AccountStore
from gateway.accounts.authenticator import Authenticator
from gateway.bulk.services import BulkServices
from gateway.dashboard import (
    accounts,
    assets,
    invitation,
    members,
    pages,
    playground,
    sign_in,
    single_sign_on,
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

PAGES = (sign_in, single_sign_on, invitation, settings_page, members, accounts)
"""Each has a `router`, with the routes of one page. The playground may be off."""


def routers(settings: Settings) -> list[APIRouter]:
    """Return the routers of the pages that the settings ask for."""
    front = playground.instead if settings.playground == "off" else playground.router
    return [front, *(page.router for page in PAGES)]


def router(settings: Settings) -> APIRouter:
    """Return the routes of all pages that the settings ask for."""
    # Every page finds its visitor, and checks the token of what changes something.
    checked = APIRouter(
        dependencies=[Depends(report_accounts_outages), Depends(anybody), Depends(check_csrf)]
    )
    for each in routers(settings):
        checked.include_router(each)
    routes = APIRouter()
    routes.include_router(checked)
    routes.include_router(assets.router)
    return routes


def paths(settings: Settings) -> frozenset[str]:
    """Return the paths of these pages."""
    routes = [route for each in routers(settings) for route in each.routes]
    found = frozenset(getattr(route, "path", "") for route in routes)
    return found - {playground.PATH} if settings.playground == "off" else found


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
        paths=paths(settings),
    )
    return Website(router(settings), dashboard, pages.error_page, SecurityHeaders)


def _oidc(settings: Settings) -> "OpenIdConnect | None":
    if not settings.oidc_issuer:
        return None
    from gateway.identity.oidc import OpenIdConnect  # here: it costs a third of a second

    return OpenIdConnect(settings)
