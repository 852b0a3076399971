"""The way in for HTTP: the key of a request, checked and counted."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from gateway.accounts.gate import Gate, Visit

KEY_HEADER = "X-API-Key"


def entrance(gate: Gate) -> Callable[..., Awaitable[Visit]]:
    """Make the dependency that lets callers in."""
    scheme = APIKeyHeader(
        name=KEY_HEADER,
        scheme_name="ApiKey",
        auto_error=False,
        description="Made by `clearbg keys create`.",
    )

    bearer = HTTPBearer(
        scheme_name="Bearer", auto_error=False, description="The same key, in `Authorization`."
    )

    async def enter(
        request: Request,
        secret: Annotated[str | None, Depends(scheme)],
        token: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> Visit:
        key = secret or (token.credentials if token else "")
        address = request.client.host if request.client else ""
        request.state.windows = []  # the middleware says them in every answer
        return await gate.enter(key, address, request.state.windows)

    return enter
