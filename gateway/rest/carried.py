"""An order over HTTP: its body is read, and it is given up when the client goes."""

from collections.abc import Awaitable, Callable
from functools import partial

from fastapi import Request

from gateway.accounts.gate import Visit
from gateway.orders import order
from gateway.orders.order import Load, Order
from gateway.orders.sent import Sent
from gateway.orders.work import Work
from gateway.removal import Result
from gateway.rest import body
from gateway.rest.disconnect import unless_gone


async def carried_out(
    work: Work,
    request: Request,
    visit: Visit,
    understand: Callable[[Sent, Load], Awaitable[Order]] = order.read,
) -> tuple[Result, Order]:
    """What a request asks for, and the result.

    Raises:
        GatewayError: whatever goes wrong.
    """
    max_image_bytes = work.max_image_bytes
    return await work.do(
        visit,
        partial(body.read, request, max_image_bytes=max_image_bytes),
        announced_bytes=body.announced_bytes(request, max_image_bytes),
        understand=understand,
        wait_for=partial(unless_gone, request),
    )
