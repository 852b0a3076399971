"""The front page: try every option on an image, with the same core as the API."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import FileResponse

from gateway import home
from gateway.accounts.accounts import DEFAULT
from gateway.accounts.caller import Caller
from gateway.accounts.rate_limits import Limit
from gateway.accounts.wrong_keys import network_of
from gateway.dashboard import redirects
from gateway.dashboard.caller import caller_of
from gateway.dashboard.dashboard import CurrentDashboard, Dashboard
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import MaybeVisitor, address_of
from gateway.errors import NotSignedIn
from gateway.identity.sessions import Visitor
from gateway.models.listing import describe
from gateway.options import SIZES
from gateway.rest.execute import execute
from gateway.rest.variants import answer

PATH = "/"
REMOVE_PATH = "/playground/removebg"
SAMPLE_PATH = "/playground/sample.jpg"
INSTEAD = "/dashboard/keys"
"""Where the front page leads if there is no playground."""
SAMPLE_MAX_AGE_S = 86_400

POSITIONS = {
    "original": "Where it is",
    "center": "Centre",
    "50% 0%": "Top",
    "50% 100%": "Bottom",
    "0% 50%": "Left",
    "100% 50%": "Right",
}
"""Usual values of the option `position`; the form takes others too."""


def allowed(visitor: MaybeVisitor, dashboard: CurrentDashboard) -> Visitor | None:
    """Return who cuts out: a signed-in person, or None for anybody if the settings allow that.

    Raises:
        NotSignedIn: nobody is signed in, and the settings demand it.
    """
    if visitor is None and dashboard.settings.playground != "open":
        raise NotSignedIn
    return visitor


Guest = Annotated[Visitor | None, Depends(allowed)]


def _account_id(visitor: Guest, dashboard: CurrentDashboard) -> int:
    """Return the account that is charged: strangers' images are all the default account's."""
    return visitor.account.id if visitor else dashboard.accounts.find(DEFAULT).id


AccountId = Annotated[int, Depends(_account_id)]


async def _caller(
    request: Request, dashboard: CurrentDashboard, visitor: Guest, account_id: AccountId
) -> AsyncIterator[Caller]:
    owner = "" if visitor else f"guest {network_of(address_of(request))}"
    caller = await asyncio.to_thread(caller_of, dashboard, account_id, request, owner=owner)
    with caller:
        yield caller


router = APIRouter()
instead = APIRouter()
"""The front page of a service without a playground."""


@instead.get(PATH)
def go_on() -> Response:
    """Lead to the first page that there is."""
    return redirects.to(INSTEAD)


@router.get(PATH)
def show(request: Request, dashboard: CurrentDashboard, account_id: AccountId) -> Response:
    """Show the page."""
    settings, key = dashboard.settings, dashboard.keys.of_dashboard(account_id)
    return render(
        request,
        "playground.html",
        models=describe(dashboard.handler.remover.models, key.models),
        sizes=[(name, _size_label(name)) for name in SIZES],
        positions=list(POSITIONS.items()),
        max_bytes=settings.max_image_bytes,
        max_megapixels=settings.max_image_pixels / 1e6,
        remove_path=REMOVE_PATH,
        sample_path=SAMPLE_PATH,
    )


@router.get(SAMPLE_PATH)
def sample(_: Guest) -> Response:
    """Return a picture to try."""
    headers = {"Cache-Control": f"private, max-age={SAMPLE_MAX_AGE_S}"}
    return FileResponse(home.sample_photo(), headers=headers)


@router.post(REMOVE_PATH)
async def removebg(
    request: Request,
    dashboard: CurrentDashboard,
    visitor: Guest,
    caller: Annotated[Caller, Depends(_caller)],
) -> Response:
    """Cut out as `POST /v1/removebg` does: the same fields, limits, charges and bytes."""
    if visitor is None:
        await _spend_address(dashboard, address_of(request))
    await caller.spend_request()
    done, removal = await execute(dashboard.handler, request, caller)
    return await answer(request, done, removal, dashboard.handler.memory)


async def _spend_address(dashboard: Dashboard, address: str) -> None:
    """Count a request of somebody who is not signed in.

    Raises:
        RateLimited: too many came from the address in this minute.
        LimitsUnavailable: the store is down, and the settings say to fail closed.
    """
    limits, subject = dashboard.authenticator.limits, network_of(address)
    limit = Limit("images from your address", dashboard.settings.playground_images_per_minute)
    if not await limits.spend(limit, subject):
        raise limits.rejection(limit, await limits.window(limit, subject, rejected=1))


def _size_label(name: str) -> str:
    """Return a size as people write it: `Original`, `1080p`, `4K`."""
    return name.upper() if name.endswith("k") else name.capitalize()
