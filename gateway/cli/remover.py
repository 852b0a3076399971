"""What `clearbg remove` asks: a service, or the core in this process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gateway.cli.console import settings
from gateway.client import Asked, AsyncClient, Cutout, Query
from gateway.models import choose
from gateway.options import parse
from gateway.removal import Remover

AT_ONCE_HERE = 2
"""One image is decoded or encoded while the model works on another one."""

Remove = Callable[[bytes, Asked], Awaitable[Cutout]]


@asynccontextmanager
async def there(url: str, key: str, ca_file: str, *, streamed: bool) -> AsyncIterator[Remove]:
    """A service.

    Args:
        url: see `AsyncClient`.
        key: likewise.
        ca_file: likewise.
        streamed: send all images on one stream, where the transport has streams.
    """
    async with AsyncClient(url, key, ca_file=ca_file) as client:
        ask = client.remove_streamed if streamed else client.remove
        yield lambda image, asked: ask(image, **asked)


@asynccontextmanager
async def here() -> AsyncIterator[Remove]:
    """The service's own core, with the time that it takes, and without its limits of many users."""
    chosen = settings().model_copy(
        update={"max_megapixels_in_flight": 1e6, "request_timeout_s": 3600.0}
    )
    model = await choose.cpu(chosen)
    remover = Remover(model, chosen)

    async def ask(image: bytes, asked: Asked) -> Cutout:
        query = Query(image, asked)
        done = await remover.remove(image, parse(query.texts), backdrop=query.backdrop or None)
        return Cutout(
            image=done.data,
            media_type=done.media_type,
            width=done.width,
            height=done.height,
            foreground=done.foreground,
            confidence=done.confidence,
            model_version=done.model_version,
            device=done.device,
            seconds=done.seconds,
        )

    try:
        yield ask
    finally:
        await model.close()
        remover.close()
