"""What callers can do with the webhooks of their account."""

import asyncio
import re

from gateway.accounts.caller import Caller
from gateway.errors import BadRequest, NoDelivery
from gateway.paging import Page, PageRequest
from gateway.store_outages import as_jobs_unavailable
from gateway.webhooks.delivery import Delivery
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore, SigningSecrets
from gateway.webhooks.url import parse as parse_url

ID_PATTERN = re.compile(r"evt_[a-z0-9]{1,28}")


class WebhookService:
    """Secrets and deliveries; a caller sees only those of its own account.

    Every method raises JobsUnavailable if the database does not answer.

    Args:
        deliveries: the log of deliveries.
        secrets: the keys that sign them.
        are_webhooks_on: whether this service sends webhooks.
    """

    def __init__(
        self, deliveries: DeliveryStore, secrets: SecretStore, *, are_webhooks_on: bool
    ) -> None:
        self._deliveries, self._secrets = deliveries, secrets
        self._are_webhooks_on = are_webhooks_on

    async def secrets(self, caller: Caller) -> SigningSecrets:
        """Return the secrets that sign the account's webhooks."""
        async with as_jobs_unavailable():
            return await asyncio.to_thread(self._secrets.get, caller.key.account_id)

    async def rotate_secret(self, caller: Caller) -> SigningSecrets:
        """Create a new secret; the previous one signs too for 24 hours."""
        async with as_jobs_unavailable():
            return await asyncio.to_thread(self._secrets.rotate, caller.key.account_id)

    async def list_deliveries(self, caller: Caller, page: PageRequest) -> Page[Delivery]:
        """Return a page of the account's deliveries."""
        async with as_jobs_unavailable():
            return await asyncio.to_thread(
                self._deliveries.list_deliveries, caller.key.account_id, page
            )

    async def find(self, delivery_id: str, caller: Caller) -> Delivery:
        """Return a delivery.

        Raises:
            NoDelivery: the caller's account has no such delivery.
        """
        delivery = None
        if ID_PATTERN.fullmatch(delivery_id):
            async with as_jobs_unavailable():
                delivery = await asyncio.to_thread(self._deliveries.find, delivery_id)
        if delivery is None or delivery.account_id != caller.key.account_id:
            raise NoDelivery
        return delivery

    async def send_test(self, url: str, caller: Caller) -> Delivery:
        """Schedule a test event to a URL now: sent once, signed as all webhooks of the account.

        If the endpoint was disabled by an answer of 410, it is enabled again, as by `redeliver`.

        Raises:
            BadOption: it is not a URL, or this service sends no webhooks.
        """
        url = parse_url(url, "url", are_webhooks_on=self._are_webhooks_on)
        async with as_jobs_unavailable():
            return await asyncio.to_thread(self._deliveries.add_test, caller.key.account_id, url)

    async def redeliver(self, delivery_id: str, caller: Caller) -> Delivery:
        """Schedule a delivery now with all its attempts, whatever its status.

        Raises:
            NoDelivery: as `find` does.
            BadRequest: this service sends no webhooks.
        """
        delivery = await self.find(delivery_id, caller)
        if not self._are_webhooks_on:
            raise BadRequest("This service sends no webhooks.")
        async with as_jobs_unavailable():
            await asyncio.to_thread(self._deliveries.restart, delivery)
        return await self.find(delivery_id, caller)
