"""One removal over HTTP, whatever the route: read the body, do the work while somebody waits."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from dataclasses import dataclass, field

from fastapi import Request

from gateway.accounts.gate import Visit
from gateway.admission import Admission
from gateway.errors import DeadlineExceeded
from gateway.metrics import UPLOAD_BYTES_IN_FLIGHT
from gateway.options import Options
from gateway.outbound import Outbound
from gateway.removal import Remover, Result
from gateway.rest import body, sources
from gateway.rest.body import Body, File
from gateway.rest.disconnect import unless_gone
from gateway.rest.sources import Names
from gateway.settings import Settings


@dataclass(frozen=True)
class Order:
    """What a request asks for."""

    options: Options
    image: File
    backdrop: File | None
    said: dict[str, str] = field(default_factory=dict)
    """Headers that the answer has because of what was asked."""


class Work:
    """Does removals for all routes, within one limit of uploads and answers in memory.

    Args:
        remover: does the work itself.
        outbound: fetches URLs; None where that is not allowed.
        settings: the limits.
    """

    def __init__(self, remover: Remover, outbound: Outbound | None, settings: Settings) -> None:
        self._remover, self._outbound, self._settings = remover, outbound, settings
        self.memory = Admission(
            settings.max_upload_bytes_in_flight,
            "bytes of uploads and answers",
            UPLOAD_BYTES_IN_FLIGHT,
        )

    async def load(self, sent: Body, names: Names, held: ExitStack) -> File | None:
        """The image that the body carries or names in these fields; see `sources.load`.

        Args:
            sent: the body.
            names: of the fields.
            held: keeps the memory that a download may take.
        """
        if self._outbound and sent.fields.get(names.url):
            held.enter_context(self.memory.admit(self._settings.max_image_bytes))
        return await sources.load(
            sent, names, self._outbound, max_image_bytes=self._settings.max_image_bytes
        )

    async def do(
        self, request: Request, visit: Visit, order: Callable[[Body, ExitStack], Awaitable[Order]]
    ) -> tuple[Result, Order]:
        """Read the body, understand it with `order`, and do what it asks for.

        Raises:
            GatewayError: whatever goes wrong.
        """
        started = time.perf_counter()
        limits = self._settings
        with ExitStack() as held:
            announced = body.announced_bytes(request, limits.max_image_bytes)
            held.enter_context(self.memory.admit(announced))
            try:
                async with asyncio.timeout(limits.request_timeout_s):
                    sent = await body.read(request, max_image_bytes=limits.max_image_bytes)
                    asked = await order(sent, held)
            except TimeoutError as error:
                raise DeadlineExceeded(limits.request_timeout_s) from error
            work = self._remover.remove(
                asked.image.data,
                asked.options,
                backdrop=asked.backdrop.data if asked.backdrop else None,
                visit=visit,
                timeout_s=limits.request_timeout_s - (time.perf_counter() - started),
            )
            try:
                return await unless_gone(request, work), asked
            except DeadlineExceeded as error:  # it knows only of the time that was left to it
                raise DeadlineExceeded(limits.request_timeout_s) from error
