"""An order over gRPC."""

from gateway.accounts.gate import Visit
from gateway.orders.sent import Sent, check_text
from gateway.orders.work import Work
from gateway.removal import Result
from gateway.rpc.messages import Received


async def carried_out(
    work: Work, visit: Visit, request: Received, timeout_s: float | None
) -> Result:
    """The result of what a request asks for, in so many seconds.

    Raises:
        GatewayError: whatever goes wrong.
    """

    async def receive() -> Sent:
        for name, text in request.sent.fields.items():
            check_text(name, text, work.max_image_bytes)
        return request.sent

    result, _ = await work.do(
        visit, receive, announced_bytes=request.size_bytes, timeout_s=timeout_s
    )
    return result
