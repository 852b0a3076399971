"""/v1/webhooks: the account's secret and its delivery log."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends

from gateway.accounts.gate import Gate, Visit
from gateway.rest.bulk.openapi import RESPONSES
from gateway.rest.entrance import entrance
from gateway.rest.pages import Before, Limit, next_before, utc
from gateway.rest.webhooks import answers
from gateway.webhooks.webhooks import Webhooks

PATH = "/v1/webhooks"


def router(webhooks: Webhooks, gate: Gate) -> APIRouter:
    """Make the routes.

    Args:
        webhooks: knows them.
        gate: lets callers in.
    """
    routes = APIRouter(prefix=PATH, tags=["Webhooks"])
    entered = Annotated[Visit, Depends(entrance(gate))]

    @routes.get(
        "/secret", operation_id="getWebhookSecret", summary="The secret", responses=RESPONSES
    )
    async def secret(visit: entered) -> dict[str, Any]:
        """What your account's webhooks are signed with (Standard Webhooks, `v1`)."""
        return answers.signing(await webhooks.signing(visit))

    @routes.post(
        "/secret/rotate",
        operation_id="rotateWebhookSecret",
        summary="A new secret",
        responses=RESPONSES,
    )
    async def rotate(visit: entered) -> dict[str, Any]:
        """For a day webhooks have two signatures: by the new secret and by the one before."""
        return answers.signing(await webhooks.rotate(visit))

    @routes.get(
        "/deliveries",
        operation_id="listWebhookDeliveries",
        summary="The newest deliveries",
        responses=RESPONSES,
    )
    async def newest(visit: entered, limit: Limit = 20, before: Before = None) -> dict[str, Any]:
        """Those of the key's account and their attempts, for two weeks, newest first."""
        found = await webhooks.newest(visit, before=utc(before), limit=limit)
        times = [delivery.created_at for delivery in found]
        return {
            "deliveries": [answers.delivery(delivery) for delivery in found],
            "next_before": next_before(times, limit),
        }

    @routes.get(
        "/deliveries/{delivery_id}",
        operation_id="getWebhookDelivery",
        summary="One delivery",
        responses=RESPONSES,
    )
    async def one(delivery_id: str, visit: entered) -> dict[str, Any]:
        """What became of it."""
        return answers.delivery(await webhooks.find(delivery_id, visit))

    @routes.post(
        "/deliveries/{delivery_id}/redeliver",
        operation_id="redeliverWebhook",
        summary="Deliver again",
        status_code=202,
        responses=RESPONSES,
    )
    async def redeliver(delivery_id: str, visit: entered) -> dict[str, Any]:
        """Tries again now, with the same id; an endpoint that answered 410 is asked again."""
        return answers.delivery(await webhooks.redeliver(delivery_id, visit))

    return routes
