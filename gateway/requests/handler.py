"""Executes one removal request for any transport, within limits of time and memory."""

from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from gateway.accounts.caller import Caller
from gateway.deadline import Deadline
from gateway.limits.admission import Admission
from gateway.network.outbound import Outbound
from gateway.observability.metrics import UPLOAD_BYTES_IN_FLIGHT
from gateway.removal import Remover
from gateway.requests import image_sources
from gateway.requests.image_sources import Names
from gateway.requests.payload import File, Payload
from gateway.requests.removal_request import RemovalRequest
from gateway.results import Result
from gateway.settings import Settings


class RequestHandler:
    """Executes the requests of all transports, within one limit of uploads and answers in memory.

    Args:
        remover: cuts out.
        outbound: downloads URLs; None if the settings forbid that.
        settings: the limits.

    Attributes:
        memory: bytes of uploads and answers; an answer counts until it is sent.
    """

    def __init__(self, remover: Remover, outbound: Outbound | None, settings: Settings) -> None:
        self.remover, self.outbound = remover, outbound
        self.max_image_bytes = settings.max_image_bytes
        self._timeout_s = settings.request_timeout_s
        self.memory = Admission(
            settings.max_upload_bytes_in_flight,
            "bytes of uploads and answers",
            UPLOAD_BYTES_IN_FLIGHT,
        )

    def deadline(self, timeout_s: float | None = None) -> Deadline:
        """Return the deadline of a request that begins now.

        Args:
            timeout_s: the caller's; the settings' timeout is the longest allowed.
        """
        most_s = self._timeout_s
        return Deadline(most_s if timeout_s is None else min(timeout_s, most_s))

    @asynccontextmanager
    async def executing(
        self, announced_bytes: int, deadline: Deadline
    ) -> AsyncIterator["Execution"]:
        """Hold a request's memory, and enforce its deadline, inside the block.

        Args:
            announced_bytes: the most that will be received.
            deadline: of the whole request.

        Raises:
            Overloaded: too many bytes are in flight already.
            DeadlineExceeded: the block did not end in time.
        """
        with ExitStack() as memory:
            memory.enter_context(self.memory.admit(announced_bytes))
            async with deadline.enforced():
                yield Execution(self, deadline, memory)


class Execution:
    """One request while it is executed.

    Args:
        handler: has the limits.
        deadline: of the request.
        memory: held until the request ends.
    """

    def __init__(self, handler: RequestHandler, deadline: Deadline, memory: ExitStack) -> None:
        self._handler, self._deadline, self._memory = handler, deadline, memory

    async def load(self, payload: Payload, names: Names) -> File | None:
        """Return the image of some fields, downloaded if there is a URL; None if there is none.

        Raises:
            BadRequest, BadImage, BadUrl, ImageTooLarge: see `image_sources.load`.
            Overloaded: there is no memory for the download.
        """
        handler = self._handler
        if handler.outbound and payload.fields.get(names.url):
            self._memory.enter_context(handler.memory.admit(handler.max_image_bytes))
        return await image_sources.load(
            payload, names, handler.outbound, max_image_bytes=handler.max_image_bytes
        )

    async def remove(self, request: RemovalRequest, caller: Caller) -> tuple[Result, ...]:
        """Cut out; see `Remover.remove_all` for the results, and for what is raised."""
        backdrop, mask, trimap = (
            file.data if file else None for file in (request.backdrop, request.mask, request.trimap)
        )
        return await self._handler.remover.remove_all(
            request.image.data,
            request.options,
            backdrop=backdrop,
            mask=mask,
            trimap=trimap,
            caller=caller,
            deadline=self._deadline,
        )
