"""The page of webhooks: the secret, test events, and the log of deliveries."""

import json
from typing import Any

from fastapi import APIRouter, Request, Response

from gateway.accounts.caller import Caller
from gateway.bulk.services import BulkServices
from gateway.dashboard import redirects
from gateway.dashboard.caller import CurrentCaller
from gateway.dashboard.dashboard import current_dashboard
from gateway.dashboard.forms import FormFields
from gateway.dashboard.pages import render
from gateway.dashboard.visitor import Owner
from gateway.errors import BadOption
from gateway.paging import PageRequest
from gateway.rest.dependencies import Services
from gateway.rest.paging import PageQuery, next_before
from gateway.webhooks.delivery import DeliveryStatus

WEBHOOKS = "/dashboard/webhooks"

STATUSES = {
    DeliveryStatus.PENDING: ("accent", "Being sent"),
    DeliveryStatus.DELIVERED: ("good", "Delivered"),
    DeliveryStatus.FAILED: ("danger", "Failed"),
    DeliveryStatus.DISABLED: ("warning", "Stopped by the endpoint (410)"),
}
"""The badge of each status: its colour and text."""

router = APIRouter(prefix=WEBHOOKS)


@router.get("")
async def show(
    request: Request, bulk: Services, caller: CurrentCaller, page: PageQuery
) -> Response:
    """Show the account's deliveries, newest first."""
    return await _page(request, bulk, caller, page)


@router.get("/secret")
async def show_secret(
    request: Request, owner: Owner, bulk: Services, caller: CurrentCaller
) -> Response:
    """Show the page with the secret."""
    secrets = await bulk.webhooks.secrets(caller)
    return await _page(request, bulk, caller, PageRequest(), secrets=secrets)


@router.post("/secret/rotate")
async def rotate_secret(owner: Owner, bulk: Services, caller: CurrentCaller) -> Response:
    """Make a new secret, and show it."""
    await bulk.webhooks.rotate_secret(caller)
    return redirects.to(f"{WEBHOOKS}/secret")


@router.post("/test")
async def send_test(
    request: Request, bulk: Services, caller: CurrentCaller, fields: FormFields
) -> Response:
    """Send a test event, and show what becomes of it."""
    url = fields.get("url", "").strip()
    await caller.spend_request()
    try:
        delivery = await bulk.webhooks.send_test(url, caller)
    except BadOption as error:
        return await _page(
            request, bulk, caller, PageRequest(), status=400, url=url, error=str(error)
        )
    return redirects.to(f"{WEBHOOKS}/{delivery.id}")


@router.get("/{delivery_id}")
async def show_delivery(
    request: Request, delivery_id: str, bulk: Services, caller: CurrentCaller
) -> Response:
    """Show one delivery: its message, and each attempt to send it."""
    delivery = await bulk.webhooks.find(delivery_id, caller)
    body = json.dumps(json.loads(delivery.body), indent=2, ensure_ascii=False)
    return render(request, "delivery.html", delivery=delivery, body=body, statuses=STATUSES)


@router.get("/{delivery_id}/attempts")
async def show_attempts(
    request: Request, delivery_id: str, bulk: Services, caller: CurrentCaller
) -> Response:
    """Return the part of the page that changes while the message is sent."""
    delivery = await bulk.webhooks.find(delivery_id, caller)
    return render(request, "attempts.html", delivery=delivery, statuses=STATUSES)


@router.post("/{delivery_id}/redeliver")
async def redeliver(delivery_id: str, bulk: Services, caller: CurrentCaller) -> Response:
    """Send a message again now, and show what becomes of it."""
    await caller.spend_request()
    delivery = await bulk.webhooks.redeliver(delivery_id, caller)
    return redirects.to(f"{WEBHOOKS}/{delivery.id}")


async def _page(
    request: Request,
    bulk: BulkServices,
    caller: Caller,
    page: PageRequest,
    *,
    status: int = 200,
    **context: Any,
) -> Response:
    deliveries = await bulk.webhooks.list_deliveries(caller, page)
    shown = {"secrets": None, "url": "", "error": ""} | context
    return render(
        request,
        "webhooks.html",
        status=status,
        deliveries=deliveries.entries,
        is_first=page.before is None,
        next_before=next_before(deliveries),
        statuses=STATUSES,
        networks=current_dashboard(request).settings.webhook_networks,
        **shown,
    )
