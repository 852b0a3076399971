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
    job,
    jobs,
    members,
    pages,
    sign_in,
    single_sign_on,
    status,
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

PAGES = (sign_in, single_sign_on, invitation, settings_page, members, accounts, status)
"""Each has a `router`, with the routes of one page."""
BULK_PAGES = (jobs, job, webhooks)
"""Those that a service without bulk jobs leaves out."""


def router(dashboard: Dashboard) -> APIRouter:
    """Return the routes of all pages that the settings ask for."""
    # Every page finds its visitor, and checks the token of what changes something.
    visited = [Depends(report_accounts_outages), Depends(anybody)]
    checked = APIRouter(dependencies=[*visited, Depends(check_csrf)])
    for page in (*PAGES, *(BULK_PAGES if dashboard.bulk else ())):
        checked.include_router(page.router)
    routes = APIRouter()
    routes.include_router(checked)
    if dashboard.bulk:
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
    )
    return Website(router(dashboard), dashboard, pages.error_page, SecurityHeaders)


def _oidc(settings: Settings) -> "OpenIdConnect | None":
    if not settings.oidc_issuer:
        return None
    from gateway.identity.oidc import OpenIdConnect  # here: it costs a third of a second

    return OpenIdConnect(settings)
