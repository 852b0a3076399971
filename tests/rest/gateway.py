"""The real application around a small fake model, in this process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
from sqlalchemy import Engine

from gateway import server
from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.authenticator import Authenticator
from gateway.accounts.keys import KeyStore
from gateway.dashboard.app import website
from gateway.docs.app import with_docs
from gateway.masks import cache as mask_cache
from gateway.models.model import Model
from gateway.models.models import Models
from gateway.removal import Remover
from gateway.requests.handler import RequestHandler
from gateway.rest import app
from gateway.settings import Settings


def new_key(engine: Engine, **options: Any) -> str:
    """The secret of a new key of the default account."""
    account = AccountStore(engine).find(DEFAULT)
    return KeyStore(engine).create("tests", account.id, **options)[1]


@asynccontextmanager
async def core(
    model: Model | Models, settings: Settings, engine: Engine
) -> AsyncIterator[tuple[RequestHandler, Authenticator]]:
    """What all transports share, as the service wires it."""
    async with (
        server.authentication(engine, settings) as authenticator,
        server.outbound(settings) as outbound,
        mask_cache.opened(settings) as masks,
    ):
        models = model if isinstance(model, Models) else Models.only(model)
        remover = Remover(models, settings, masks)
        yield RequestHandler(remover, outbound, settings), authenticator
        remover.close()


@dataclass
class Gateway:
    """An application, and a client with a key of its own."""

    client: httpx.AsyncClient
    engine: Engine
    handler: RequestHandler
    authenticator: Authenticator
    keys: KeyStore

    def new_key(self, **options: Any) -> str:
        """The secret of a new key of the default account."""
        return new_key(self.engine, **options)

    async def charged(self) -> int:
        """Images that were charged so far."""
        await self.authenticator.usage.write()
        return sum(key.images for key in self.keys.list())


@asynccontextmanager
async def serving(
    model: Model | Models, settings: Settings, address: str = "127.0.0.1"
) -> AsyncIterator[Gateway]:
    """Serve until the block ends; the client has `address`."""
    engine = database.connect(settings.database)
    async with core(model, settings, engine) as (handler, authenticator):
        pages = with_docs(website(engine, handler, authenticator, None, settings), settings)
        public = app.public(handler, authenticator, None, settings, pages)
        transport = httpx.ASGITransport(public, raise_app_exceptions=False, client=(address, 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway") as client:
            gateway = Gateway(client, engine, handler, authenticator, KeyStore(engine))
            client.headers["X-API-Key"] = gateway.new_key()
            yield gateway
    engine.dispose()
