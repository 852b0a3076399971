"""One removal, whoever asks: read what was sent, do the work, within limits of time and memory."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import ExitStack

from gateway import tracing
from gateway.accounts.gate import Visit
from gateway.admission import Admission
from gateway.errors import DeadlineExceeded
from gateway.metrics import UPLOAD_BYTES_IN_FLIGHT
from gateway.orders import order, sources
from gateway.orders.order import Load, Order
from gateway.orders.sent import File, Sent
from gateway.orders.sources import Names
from gateway.outbound import Outbound
from gateway.removal import Remover, Result
from gateway.settings import Settings

SEND_TIMEOUT_S = 120.0
"""For a whole answer: 13 MB at 1 Mbit/s. A client that reads slower is cut off."""

Await = Callable[[Coroutine[None, None, Result]], Awaitable[Result]]


async def _simply(work: Coroutine[None, None, Result]) -> Result:
    return await work


class Work:
    """Does removals for all transports, within one limit of uploads and answers in memory.

    Args:
        remover: does the work itself.
        outbound: fetches URLs; None where that is not allowed.
        settings: the limits.

    Attributes:
        memory: bytes of uploads and answers; an answer counts until it is sent.
    """

    def __init__(self, remover: Remover, outbound: Outbound | None, settings: Settings) -> None:
        self.remover, self._outbound, self._settings = remover, outbound, settings
        self.max_image_bytes = settings.max_image_bytes
        self.memory = Admission(
            settings.max_upload_bytes_in_flight,
            "bytes of uploads and answers",
            UPLOAD_BYTES_IN_FLIGHT,
        )

    async def do(
        self,
        visit: Visit,
        receive: Callable[[], Awaitable[Sent]],
        *,
        announced_bytes: int,
        timeout_s: float | None = None,
        understand: Callable[[Sent, Load], Awaitable[Order]] = order.read,
        wait_for: Await = _simply,
    ) -> tuple[Result, Order]:
        """Receive what is sent, understand it, and do what it asks for.

        Args:
            visit: who asks.
            receive: gives what was sent.
            announced_bytes: what may be received; so much memory is taken before.
            timeout_s: seconds from now to the result; the settings' deadline at most.
            understand: makes an order of it.
            wait_for: waits for the work; it may give up earlier.

        Raises:
            GatewayError: whatever goes wrong.
        """
        started = time.perf_counter()
        most_s = self._settings.request_timeout_s
        limit_s = most_s if timeout_s is None else min(timeout_s, most_s)
        with ExitStack() as held:
            held.enter_context(self.memory.admit(announced_bytes))

            async def load(sent: Sent, names: Names) -> File | None:
                return await self._load(sent, names, held)

            try:
                async with asyncio.timeout(limit_s):
                    with tracing.span("read"):
                        asked = await understand(await receive(), load)
            except TimeoutError as error:
                raise DeadlineExceeded(limit_s) from error
            work = self.remover.remove(
                asked.image.data,
                asked.options,
                backdrop=asked.backdrop.data if asked.backdrop else None,
                visit=visit,
                timeout_s=limit_s - (time.perf_counter() - started),
            )
            try:
                return await wait_for(work), asked
            except DeadlineExceeded as error:  # it knows only of the time that was left to it
                raise DeadlineExceeded(limit_s) from error

    async def _load(self, sent: Sent, names: Names, held: ExitStack) -> File | None:
        if self._outbound and sent.fields.get(names.url):
            held.enter_context(self.memory.admit(self.max_image_bytes))
        return await sources.load(sent, names, self._outbound, max_image_bytes=self.max_image_bytes)
