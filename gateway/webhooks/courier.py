"""Takes messages to their endpoints, each attempt signed anew."""

import asyncio
import logging
import random
import time
from datetime import UTC, datetime

from standardwebhooks import Webhook

from gateway.errors import GatewayError
from gateway.metrics import WEBHOOK_ATTEMPTS
from gateway.outages import through_outages
from gateway.outbound import Outbound
from gateway.webhooks.delivery import GONE, Attempt, Delivery, DeliveryStatus
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore

log = logging.getLogger(__name__)

MINUTE_S, HOUR_S = 60.0, 3600.0
PAUSES_S = (
    0.0,
    5.0,
    5 * MINUTE_S,
    30 * MINUTE_S,
    *(hours * HOUR_S for hours in (2, 5, 10, 14, 20, 24)),
)
"""Before each attempt: the schedule that Standard Webhooks 1.0.0 proposes."""
JITTER = 0.1
MAX_PAUSE_S = 24 * HOUR_S


def pause_s(number: int, told_s: float) -> float:
    """Seconds before an attempt, the first one being 0.

    Args:
        number: of the attempt.
        told_s: what the endpoint asked for at least.
    """
    most_s = min(max(PAUSES_S[number], told_s), MAX_PAUSE_S)
    return most_s * random.uniform(1, 1 + JITTER)


class Courier:
    """Makes attempts.

    Args:
        deliveries: what is to be delivered, and what became of it.
        secrets: sign it.
        outbound: reaches the endpoints.
    """

    def __init__(self, deliveries: DeliveryStore, secrets: SecretStore, outbound: Outbound) -> None:
        self._deliveries, self._secrets, self._outbound = deliveries, secrets, outbound

    async def attempt(self, delivery_id: str, run: int, number: int) -> float | None:
        """Try once.

        Args:
            delivery_id: of the message.
            run: nothing is done if another one has begun.
            number: of the attempt in this run, from 0.

        Returns:
            What the endpoint asked to wait at least, in seconds; None: no further attempt.
        """
        found = await through_outages(asyncio.to_thread, self._deliveries.find, delivery_id)
        if found is None or found.run != run or found.status is not DeliveryStatus.PENDING:
            return None
        attempt = None
        if run == 1 and await self._is_disabled(found):
            status = DeliveryStatus.DISABLED
        else:
            attempt = await self._send(found)
            status = _status(attempt, is_last=number == len(PAUSES_S) - 1)
            WEBHOOK_ATTEMPTS.labels("delivered" if attempt.ok else "refused").inc()
        await through_outages(
            asyncio.to_thread, self._deliveries.note, delivery_id, run, status, attempt
        )
        if attempt is None or status is not DeliveryStatus.PENDING:
            return None
        return attempt.retry_after_s or 0.0

    async def _is_disabled(self, delivery: Delivery) -> bool:
        return await through_outages(
            asyncio.to_thread, self._deliveries.is_disabled, delivery.account_id, delivery.url
        )

    async def _send(self, delivery: Delivery) -> Attempt:
        signing = await through_outages(asyncio.to_thread, self._secrets.get, delivery.account_id)
        now, started = datetime.now(UTC), time.perf_counter()
        signatures = [Webhook(one).sign(delivery.id, now, delivery.body) for one in signing.all]
        headers = {
            "Content-Type": "application/json",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        status, retry_after_s, error = None, None, ""
        try:
            status, retry_after_s = await self._outbound.post(
                delivery.url, delivery.body.encode(), headers
            )
        except GatewayError as refused:
            error = str(refused)
        return Attempt(now, round(time.perf_counter() - started, 3), status, error, retry_after_s)


def _status(attempt: Attempt, *, is_last: bool) -> DeliveryStatus:
    if attempt.ok:
        return DeliveryStatus.DELIVERED
    if attempt.status == GONE:
        return DeliveryStatus.DISABLED
    return DeliveryStatus.FAILED if is_last else DeliveryStatus.PENDING
