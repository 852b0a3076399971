"""An order over gRPC."""

from gateway.accounts.gate import Visit
from gateway.orders.sent import Sent, check_length
from gateway.orders.work import Work
from gateway.removal import Result
from gateway.rpc.call import Call
from gateway.rpc.messages import Received


async def carried_out(work: Work, call: Call, visit: Visit, request: Received) -> Result:
    """The result of what a request asks for.

    Raises:
        GatewayError: whatever goes wrong.
    """

    async def receive() -> Sent:
        for name, text in request.sent.fields.items():
            check_length(name, len(text), work.max_image_bytes)
        return request.sent

    result, _ = await work.do(
        visit, receive, announced_bytes=request.size_bytes, timeout_s=call.time_left_s()
    )
    return result
