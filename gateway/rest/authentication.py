"""Authentication of HTTP requests by their API key."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated

from fastapi import Depends, Request
from fastapi.exceptions import RequestValidationError
from fastapi.security import APIKeyHeader, HTTPAuthorizationCredentials, HTTPBearer

from gateway.accounts.authenticator import Authenticator
from gateway.accounts.caller import Caller
from gateway.rest.problems import bad_parameter

KEY_HEADER = "X-API-Key"


def authentication(authenticator: Authenticator) -> Callable[..., AsyncIterator[Caller]]:
    """Return the FastAPI dependency that authenticates a request, and counts it at its end."""
    scheme = APIKeyHeader(
        name=KEY_HEADER,
        scheme_name="ApiKey",
        auto_error=False,
        description="Created by `clearbg keys create`.",
    )

    bearer = HTTPBearer(
        scheme_name="Bearer", auto_error=False, description="The same key, in `Authorization`."
    )

    async def authenticate(
        request: Request,
        secret: Annotated[str | None, Depends(scheme)],
        token: Annotated[HTTPAuthorizationCredentials | None, Depends(bearer)],
    ) -> AsyncIterator[Caller]:
        key = secret or (token.credentials if token else "")
        address = request.client.host if request.client else ""
        request.state.windows = []  # the middleware adds them to every answer
        async with authenticator.request(key, address, request.state.windows) as caller:
            request.state.caller = caller  # for handlers that take a `CurrentCaller`
            try:
                yield caller
            except RequestValidationError as error:
                raise bad_parameter(error) from error

    return authenticate
