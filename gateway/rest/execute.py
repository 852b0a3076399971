"""Executes a removal request that came by HTTP."""

from collections.abc import Awaitable, Callable

from fastapi import Request

from gateway.accounts.caller import Caller
from gateway.observability import tracing
from gateway.requests import removal_request
from gateway.requests.handler import RequestHandler
from gateway.requests.payload import Payload
from gateway.requests.removal_request import Load, RemovalRequest
from gateway.rest import body
from gateway.rest.disconnect import unless_disconnected
from gateway.results import Result


async def execute(
    handler: RequestHandler,
    request: Request,
    caller: Caller,
    parse: Callable[[Payload, Load], Awaitable[RemovalRequest]] = removal_request.parse,
) -> tuple[tuple[Result, ...], RemovalRequest]:
    """Read a request's body, parse it and cut out; cancelled if the client disconnects.

    Raises:
        GatewayError: any of them.
    """
    limit = handler.max_image_bytes
    announced_bytes = body.announced_bytes(request, limit)
    async with handler.executing(announced_bytes, handler.deadline()) as execution:
        with tracing.span("read"):
            payload = await body.read(request, max_image_bytes=limit)
            removal = await parse(payload, execution.load)
        return await unless_disconnected(request, execution.remove(removal, caller)), removal
