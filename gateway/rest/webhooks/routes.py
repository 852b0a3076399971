"""/v1/webhooks: the account's signing secret and its log of deliveries."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, Field

from gateway.rest.dependencies import CurrentCaller, Services
from gateway.rest.paging import PageQuery, page_as_json
from gateway.rest.webhooks.delivery_json import delivery_as_json, secrets_as_json
from gateway.rest.webhooks.schemas import DELIVERIES, DELIVERY, SCHEDULED, SECRETS

PATH = "/v1/webhooks"


class Endpoint(BaseModel):
    """What receives a test event."""

    url: str = Field(description="Its URL.", examples=["https://example.com/hook"])


router = APIRouter(prefix=PATH, tags=["Webhooks"])


@router.get(
    "/secret",
    operation_id="getWebhookSecret",
    summary="Get the secret",
    response_model=None,
    responses=SECRETS,
)
async def get_secret(bulk: Services, caller: CurrentCaller) -> dict[str, Any]:
    """Return the secret that signs your account's webhooks (Standard Webhooks, `v1`)."""
    return secrets_as_json(await bulk.webhooks.secrets(caller))


@router.post(
    "/secret/rotate",
    operation_id="rotateWebhookSecret",
    summary="Rotate the secret",
    response_model=None,
    responses=SECRETS,
)
async def rotate_secret(bulk: Services, caller: CurrentCaller) -> dict[str, Any]:
    """Create a new secret. For 24 hours, the previous secret signs every webhook too."""
    return secrets_as_json(await bulk.webhooks.rotate_secret(caller))


@router.post(
    "/test",
    operation_id="testWebhook",
    summary="Send a test event",
    status_code=202,
    response_model=None,
    responses=SCHEDULED,
)
async def send_test(bulk: Services, caller: CurrentCaller, endpoint: Endpoint) -> dict[str, Any]:
    """Send a `webhook.test` to a URL now, signed as all webhooks of your account, and only once.

    What became of it is in the delivery.
    """
    return delivery_as_json(await bulk.webhooks.send_test(endpoint.url, caller))


@router.get(
    "/deliveries",
    operation_id="listWebhookDeliveries",
    summary="List deliveries",
    response_model=None,
    responses=DELIVERIES,
)
async def list_deliveries(bulk: Services, caller: CurrentCaller, page: PageQuery) -> dict[str, Any]:
    """Return the deliveries of the key's account and their attempts, newest first.

    They are kept for two weeks. Send `next_before` as `before` to get the next page.
    """
    deliveries = await bulk.webhooks.list_deliveries(caller, page)
    return page_as_json(deliveries, "deliveries", delivery_as_json)


@router.get(
    "/deliveries/{delivery_id}",
    operation_id="getWebhookDelivery",
    summary="Get a delivery",
    response_model=None,
    responses=DELIVERY,
)
async def get_delivery(delivery_id: str, bulk: Services, caller: CurrentCaller) -> dict[str, Any]:
    """Return the status of a delivery and its attempts."""
    return delivery_as_json(await bulk.webhooks.find(delivery_id, caller))


@router.post(
    "/deliveries/{delivery_id}/redeliver",
    operation_id="redeliverWebhook",
    summary="Deliver again",
    status_code=202,
    response_model=None,
    responses=SCHEDULED,
)
async def redeliver(delivery_id: str, bulk: Services, caller: CurrentCaller) -> dict[str, Any]:
    """Send the webhook again now, with the same ID, even if its endpoint has answered 410."""
    return delivery_as_json(await bulk.webhooks.redeliver(delivery_id, caller))
