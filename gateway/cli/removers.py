"""The two ways in which `clearbg remove` cuts out an image: by a service, or in this process."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict

from gateway.cli.console import load_settings
from gateway.cli.first_use import ensure_model
from gateway.client import AsyncClient, Box, Cutout, RemovalOptions, RemovalRequest
from gateway.masks import cache as mask_cache
from gateway.models import factory
from gateway.options import parse
from gateway.removal import Remover

LOCAL_CONCURRENCY = 2
"""Images at once in this process: one is decoded or encoded while the model works on another."""

RemoveBackground = Callable[[bytes, RemovalOptions], Awaitable[Cutout]]
"""Cuts out one encoded image."""


@asynccontextmanager
async def remote(
    url: str, key: str, ca_file: str, *, streamed: bool
) -> AsyncIterator[RemoveBackground]:
    """Cut images out by a service.

    Args:
        url: see `AsyncClient`.
        key: see `AsyncClient`.
        ca_file: see `AsyncClient`.
        streamed: send all images on one stream, if the transport has streams.
    """
    async with AsyncClient(url, key, ca_file=ca_file) as client:
        remove = client.remove_streamed if streamed else client.remove
        yield lambda image, options: remove(image, **options)


@asynccontextmanager
async def local() -> AsyncIterator[RemoveBackground]:
    """Cut images out in this process, without the time and memory limits of a service."""
    settings = load_settings().model_copy(
        update={"max_megapixels_in_flight": 1e6, "request_timeout_s": 3600.0, "mask_cache_url": ""}
    )
    ensure_model(settings)
    models = await factory.open_cpu_models(settings)

    async def remove(image: bytes, options: RemovalOptions) -> Cutout:
        request = RemovalRequest(image, options)
        files = request.files
        result = await remover.remove(
            image,
            parse(request.form_fields),
            backdrop=files.get("bg_image"),
            mask=files.get("mask"),
            trimap=files.get("trimap"),
        )
        return Cutout(
            image=result.data,
            media_type=result.media_type,
            width=result.width,
            height=result.height,
            foreground=Box(**asdict(result.foreground)) if result.foreground else None,
            confidence=result.confidence,
            model_version=result.model_version,
            device=result.device,
            seconds=result.seconds,
            model=result.model,
        )

    async with mask_cache.opened(settings) as masks:
        remover = Remover(models, settings, masks)
        try:
            yield remove
        finally:
            await models.close()
            remover.close()
