"""The core's caller for a visitor: the same limits, charges and ownership as over the API."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, Request

from gateway.accounts.caller import Caller
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.visitor import SignedIn
from gateway.identity.sessions import Visitor


def caller(dashboard: Dashboard, visitor: Visitor, request: Request) -> Caller:
    """Return the caller for the visitor's account; see `caller_of`."""
    return caller_of(dashboard, visitor.account.id, request)


def caller_of(
    dashboard: Dashboard, account_id: int, request: Request, *, owner: str = ""
) -> Caller:
    """Return the caller for an account. Blocking: it reads the database.

    Its key is the dashboard's own of this account, whose secret nobody knows. The request's limits
    are told in its answer's headers, as for the API. Answer inside `with caller:`.

    Args:
        dashboard: has the keys and the limits.
        account_id: which account.
        request: of the visitor.
        owner: see `Caller`.
    """
    request.state.windows = []
    key = dashboard.keys.of_dashboard(account_id)
    address = request.client.host if request.client else ""
    return Caller(key, dashboard.authenticator, request.state.windows, address, owner=owner)


async def _current(
    request: Request, dashboard: CurrentDashboard, visitor: SignedIn
) -> AsyncIterator[Caller]:
    current = await asyncio.to_thread(caller, dashboard, visitor, request)
    with current:
        yield current


CurrentCaller = Annotated[Caller, Depends(_current)]
"""The parameter of a route that does what the API does. Await `caller.spend_request()` to count
the request, as the API does."""
