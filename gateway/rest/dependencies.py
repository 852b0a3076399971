"""What the routes of bulk jobs and webhooks get from FastAPI: the caller, and the services."""

from typing import Annotated

from fastapi import Depends, Request

from gateway.accounts.caller import Caller
from gateway.bulk.services import BulkServices


async def _current_caller(request: Request) -> Caller:
    caller: Caller = request.state.caller
    return caller


async def _bulk_services(request: Request) -> BulkServices:
    services: BulkServices = request.app.state.bulk
    return services


CurrentCaller = Annotated[Caller, Depends(_current_caller)]
"""The authenticated caller; the router needs the dependency `authentication`."""
Services = Annotated[BulkServices, Depends(_bulk_services)]
"""The services that the application keeps in `state.bulk`."""
