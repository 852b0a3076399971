"""Sends webhooks to their endpoints, and retries those that fail."""

import asyncio
import logging
import time
from collections import Counter
from datetime import UTC, datetime, timedelta

from standardwebhooks import Webhook

from gateway.errors import GatewayError
from gateway.network.outbound import Outbound
from gateway.observability.metrics import WEBHOOK_ATTEMPTS
from gateway.store_outages import OUTAGES, retry_during_outages
from gateway.webhooks.delivery import HTTP_GONE, Attempt, Delivery, DeliveryStatus
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.retries import MAX_ATTEMPTS_PER_WEBHOOK, retry_delay_s
from gateway.webhooks.secret_store import SecretStore

log = logging.getLogger(__name__)

POLL_INTERVAL_S = 1.0
MAX_ATTEMPTS, MAX_ATTEMPTS_PER_ACCOUNT = 100, 10
"""In progress at once: slow endpoints of one account do not delay those of others."""


class WebhookSender:
    """Polls for deliveries that are due, and attempts each one.

    Args:
        deliveries: the log of deliveries.
        secrets: the keys that sign them.
        outbound: reaches the endpoints.
    """

    def __init__(self, deliveries: DeliveryStore, secrets: SecretStore, outbound: Outbound) -> None:
        self._deliveries, self._secrets, self._outbound = deliveries, secrets, outbound
        self._in_progress: dict[asyncio.Task[None], int] = {}
        """The account of each attempt."""

    async def run(self) -> None:
        """Send webhooks until cancelled."""
        while True:
            try:
                await self._start_due_attempts()
            except OUTAGES as error:
                log.warning("webhooks: cannot read deliveries now: %r", error)
            except Exception:
                log.exception("webhooks: unexpected error")
            await asyncio.sleep(POLL_INTERVAL_S)

    async def stop(self, timeout_s: float) -> None:
        """Let attempts finish within `timeout_s`; cancelled ones are repeated after their lease."""
        if self._in_progress:
            await asyncio.wait(self._in_progress, timeout=timeout_s)
        for task in self._in_progress:
            task.cancel()
        await asyncio.gather(*self._in_progress, return_exceptions=True)

    async def _start_due_attempts(self) -> None:
        counts = Counter(self._in_progress.values())
        busy = [account for account, count in counts.items() if count >= MAX_ATTEMPTS_PER_ACCOUNT]
        # One poll may claim for a single account, so it claims no more than an account may have.
        limit = min(MAX_ATTEMPTS - len(self._in_progress), MAX_ATTEMPTS_PER_ACCOUNT)
        if limit <= 0:
            return
        for delivery in await asyncio.to_thread(self._deliveries.claim_due, limit, busy):
            task = asyncio.create_task(self._attempt(delivery))
            self._in_progress[task] = delivery.account_id
            task.add_done_callback(self._in_progress.pop)

    async def _attempt(self, delivery: Delivery) -> None:
        """Send a delivery unless its endpoint is disabled, and store the outcome."""
        tries = delivery.tries + 1
        attempt = None
        if await retry_during_outages(asyncio.to_thread, self._deliveries.is_disabled, delivery):
            status = DeliveryStatus.DISABLED
        else:
            attempt = await self._send(delivery)
            status = _status_after(attempt, is_last=tries >= _max_attempts(delivery))
            WEBHOOK_ATTEMPTS.labels("delivered" if attempt.is_success else "refused").inc()
        due_at = datetime.now(UTC)
        if attempt and status is DeliveryStatus.PENDING:
            due_at += timedelta(seconds=retry_delay_s(tries, attempt.retry_after_s or 0.0))
        await retry_during_outages(
            asyncio.to_thread, self._deliveries.record_outcome, delivery, status, attempt, due_at
        )

    async def _send(self, delivery: Delivery) -> Attempt:
        """Sign the message with every active secret, and post it once."""
        secrets = await retry_during_outages(
            asyncio.to_thread, self._secrets.get, delivery.account_id
        )
        now, started = datetime.now(UTC), time.perf_counter()
        signatures = [
            Webhook(secret).sign(delivery.id, now, delivery.body) for secret in secrets.active
        ]
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
        except GatewayError as failure:
            error = str(failure)
        return Attempt(now, round(time.perf_counter() - started, 3), status, error, retry_after_s)


def _max_attempts(delivery: Delivery) -> int:
    """Return how often a delivery is attempted: a test event once, since its sender waits."""
    return 1 if delivery.is_test else MAX_ATTEMPTS_PER_WEBHOOK


def _status_after(attempt: Attempt, *, is_last: bool) -> DeliveryStatus:
    if attempt.is_success:
        return DeliveryStatus.DELIVERED
    if attempt.status == HTTP_GONE:
        return DeliveryStatus.DISABLED
    return DeliveryStatus.FAILED if is_last else DeliveryStatus.PENDING
