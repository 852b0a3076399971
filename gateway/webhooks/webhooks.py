"""What accounts see and do about their webhooks."""

import asyncio
import re
from datetime import datetime

from gateway.accounts.gate import Visit
from gateway.errors import BadRequest, NoDelivery
from gateway.outages import told
from gateway.webhooks.delivery import Delivery
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore, Signing

ID = re.compile(r"evt_[a-z0-9]{1,28}")


class Webhooks:
    """Secrets and deliveries, each account its own.

    Args:
        deliveries: all of them.
        secrets: likewise.
        are_on: whether any are sent.
    """

    def __init__(self, deliveries: DeliveryStore, secrets: SecretStore, *, are_on: bool) -> None:
        self._deliveries, self._secrets, self._are_on = deliveries, secrets, are_on

    async def signing(self, visit: Visit) -> Signing:
        """What the account's webhooks are signed with.

        Raises:
            JobsUnavailable: the database does not answer; so all of these.
        """
        async with told():
            return await asyncio.to_thread(self._secrets.get, visit.key.account_id)

    async def rotate(self, visit: Visit) -> Signing:
        """Make a new secret; the old one signs too for a day."""
        async with told():
            return await asyncio.to_thread(self._secrets.rotate, visit.key.account_id)

    async def newest(self, visit: Visit, *, before: datetime | None, limit: int) -> list[Delivery]:
        """The account's deliveries; see `DeliveryStore.newest`."""
        async with told():
            return await asyncio.to_thread(
                self._deliveries.newest, visit.key.account_id, before=before, limit=limit
            )

    async def find(self, delivery_id: str, visit: Visit) -> Delivery:
        """One of them.

        Raises:
            NoDelivery: there is none that the account may see.
        """
        found = None
        if ID.fullmatch(delivery_id):
            async with told():
                found = await asyncio.to_thread(self._deliveries.find, delivery_id)
        if found is None or found.account_id != visit.key.account_id:
            raise NoDelivery
        return found

    async def redeliver(self, delivery_id: str, visit: Visit) -> Delivery:
        """Try it again from the beginning, now, whatever became of it.

        Raises:
            NoDelivery: as `find` does.
            BadRequest: none are sent.
        """
        found = await self.find(delivery_id, visit)
        if not self._are_on:
            raise BadRequest("This service sends no webhooks.")
        async with told():
            await asyncio.to_thread(self._deliveries.begin_again, found)
        return await self.find(delivery_id, visit)
