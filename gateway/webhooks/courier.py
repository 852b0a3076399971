"""Takes messages to their endpoints, each attempt signed anew."""

import asyncio
import logging
import random
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from gateway.errors import GatewayError
from gateway.metrics import WEBHOOK_ATTEMPTS
from gateway.outages import OUTAGES, through_outages
from gateway.outbound import Outbound
from gateway.webhooks.delivery import GONE, Attempt, Delivery, DeliveryStatus
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore

log = logging.getLogger(__name__)

LOOK_EVERY_S = 1.0
AT_ONCE, AT_ONCE_AN_ACCOUNT = 100, 10
"""Attempts: endpoints that are slow hold up no others."""
MINUTE_S, HOUR_S = 60.0, 3600.0
PAUSES_S = (
    5.0,
    5 * MINUTE_S,
    30 * MINUTE_S,
    *(hours * HOUR_S for hours in (2, 5, 10, 14, 20, 24)),
)
"""After each attempt that fails: the schedule that Standard Webhooks 1.0.0 proposes."""
JITTER = 0.1
MAX_PAUSE_S = 24 * HOUR_S


def pause_s(tries: int, told_s: float) -> float:
    """Seconds until the next attempt.

    Args:
        tries: attempts that have failed, from 1.
        told_s: what the endpoint asked for at least.
    """
    most_s = min(max(PAUSES_S[tries - 1], told_s), MAX_PAUSE_S)
    return most_s * random.uniform(1, 1 + JITTER)


class Courier:
    """Tries what is due.

    Args:
        deliveries: what is to be delivered, and what became of it.
        secrets: sign it.
        outbound: reaches the endpoints.
    """

    def __init__(self, deliveries: DeliveryStore, secrets: SecretStore, outbound: Outbound) -> None:
        self._deliveries, self._secrets, self._outbound = deliveries, secrets, outbound
        self._trying: dict[asyncio.Task[None], int] = {}
        """The account of each."""

    async def run(self) -> None:
        """Deliver until cancelled."""
        while True:
            try:
                await self._look()
            except OUTAGES as error:
                log.warning("webhooks: cannot look now: %r", error)
            except Exception:
                log.exception("webhooks: unforeseen error")
            await asyncio.sleep(LOOK_EVERY_S)

    async def stop(self, timeout_s: float) -> None:
        """Let attempts under way come to their ends; one that does not is made again later."""
        if self._trying:
            await asyncio.wait(self._trying, timeout=timeout_s)
        for attempt in self._trying:
            attempt.cancel()
        await asyncio.gather(*self._trying, return_exceptions=True)

    async def _look(self) -> None:
        under_way = Counter(self._trying.values())
        busy = [account for account, n in under_way.items() if n >= AT_ONCE_AN_ACCOUNT]
        room = min(AT_ONCE - len(self._trying), AT_ONCE_AN_ACCOUNT)
        if room <= 0:
            return
        for delivery in await asyncio.to_thread(self._deliveries.claim, room, busy):
            task = asyncio.create_task(self._try(delivery))
            self._trying[task] = delivery.account_id
            task.add_done_callback(self._trying.pop)

    async def _try(self, delivery: Delivery) -> None:
        tries = delivery.tries + 1
        attempt = None
        if await through_outages(asyncio.to_thread, self._deliveries.is_disabled, delivery):
            status = DeliveryStatus.DISABLED
        else:
            attempt = await self._send(delivery)
            status = _status(attempt, is_last=tries > len(PAUSES_S))
            WEBHOOK_ATTEMPTS.labels("delivered" if attempt.ok else "refused").inc()
        due_at = datetime.now(UTC)
        if attempt and status is DeliveryStatus.PENDING:
            due_at += timedelta(seconds=pause_s(tries, attempt.retry_after_s or 0.0))
        await through_outages(
            asyncio.to_thread, self._deliveries.note, delivery, status, attempt, due_at
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
