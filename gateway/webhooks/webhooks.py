"""What accounts see and do about their webhooks."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

from gateway.accounts.gate import Visit
from gateway.errors import NoDelivery
from gateway.outages import told
from gateway.webhooks.delivery import Delivery
from gateway.webhooks.delivery_store import DeliveryStore
from gateway.webhooks.secret_store import SecretStore, Signing


class Webhooks:
    """Secrets and deliveries, each account its own.

    Args:
        deliveries: all of them.
        secrets: likewise.
        deliver: has a delivery's run done.
    """

    def __init__(
        self,
        deliveries: DeliveryStore,
        secrets: SecretStore,
        deliver: Callable[[str, int], Awaitable[None]],
    ) -> None:
        self._deliveries, self._secrets, self._deliver = deliveries, secrets, deliver

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
        async with told():
            found = await asyncio.to_thread(self._deliveries.find, delivery_id)
        if found is None or found.account_id != visit.key.account_id:
            raise NoDelivery
        return found

    async def redeliver(self, delivery_id: str, visit: Visit) -> Delivery:
        """Try it again from the beginning, now, whatever became of it.

        Raises:
            NoDelivery: as `find` does.
        """
        found = await self.find(delivery_id, visit)
        async with told():
            run = await asyncio.to_thread(self._deliveries.begin_again, found.id)
            await self._deliver(found.id, run)
        return await self.find(delivery_id, visit)
