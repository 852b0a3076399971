"""What the pages work with."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

from fastapi import Depends, Request
from sqlalchemy import Engine

from gateway.accounts.accounts import AccountStore
from gateway.accounts.authenticator import Authenticator
from gateway.accounts.keys import KeyStore
from gateway.bulk.services import BulkServices
from gateway.identity.identity import Identity
from gateway.identity.password_sign_in import PasswordSignIn
from gateway.requests.handler import RequestHandler
from gateway.settings import Settings

if TYPE_CHECKING:
    from gateway.identity.oidc import OpenIdConnect


@dataclass(frozen=True)
class Dashboard:
    """The stores and services behind the pages: those of the APIs, and the people's."""

    settings: Settings
    engine: Engine
    handler: RequestHandler
    authenticator: Authenticator
    accounts: AccountStore
    keys: KeyStore
    identity: Identity
    password_sign_in: PasswordSignIn
    oidc: "OpenIdConnect | None"
    """None where the settings name no provider."""
    bulk: BulkServices | None
    """None where the service takes no bulk jobs."""
    paths: frozenset[str]
    """Paths of all pages that there are, for the navigation."""


def current_dashboard(request: Request) -> Dashboard:
    """Return what the application keeps in `state.dashboard`."""
    dashboard: Dashboard = request.app.state.dashboard
    return dashboard


CurrentDashboard = Annotated[Dashboard, Depends(current_dashboard)]
"""The parameter of a route that needs it."""
