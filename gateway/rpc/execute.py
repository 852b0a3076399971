"""Executes a removal request that came by gRPC."""

from gateway.accounts.caller import Caller
from gateway.deadline import Deadline
from gateway.observability import tracing
from gateway.options import Options
from gateway.requests import removal_request
from gateway.requests.handler import RequestHandler
from gateway.requests.payload import check_text
from gateway.results import Result
from gateway.rpc.messages import ReceivedRequest


async def execute(
    handler: RequestHandler, caller: Caller, request: ReceivedRequest, deadline: Deadline
) -> tuple[tuple[Result, ...], Options]:
    """Parse a message's payload and cut out; return the results, and the options.

    Raises:
        GatewayError: any of them.
    """
    async with handler.executing(request.size_bytes, deadline) as execution:
        with tracing.span("read"):
            for name, text in request.payload.fields.items():
                check_text(name, text, handler.max_image_bytes)
            removal = await removal_request.parse(request.payload, execution.load)
        return await execution.remove(removal, caller), removal.options
