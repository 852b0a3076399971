"""Opens the models of the repository: on Triton with or without fallback, or on the CPU."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

from gateway.models import canary
from gateway.models.backend import Backend
from gateway.models.model import Model
from gateway.models.models import Canary, Models, ServedModel
from gateway.models.repository import installed, open_cpu
from gateway.models.scheduler import Scheduler
from gateway.models.setup_error import ModelSetupError
from gateway.models.shared_queue import SharedQueue
from gateway.models.triton_factory import open_triton
from gateway.observability.metrics import BREAKER_OPEN, FALLBACKS
from gateway.settings import Settings
from serving.manifest import Manifest


@asynccontextmanager
async def open_models(settings: Settings) -> AsyncIterator[Models]:
    """Open all models, the default one ready to answer; close them after the block.

    Raises:
        ModelNotBuilt: the default was not built, or not in the format that a GPU needs.
        ModelSetupError: `require_gpu` and there is no GPU, or no Triton and no fallback.
    """
    async with AsyncExitStack() as stack:
        if settings.triton != "off":
            backends: Mapping[str, Backend] = await open_triton(settings, stack)
        elif settings.require_gpu == "on":
            raise ModelSetupError("CLEARBG_REQUIRE_GPU is on, and CLEARBG_TRITON is off.")
        else:
            backends = await open_cpu(settings)
        models = _behind_one_queue(backends, settings)
        stack.push_async_callback(models.close)
        yield models


@asynccontextmanager
async def open_in_background(settings: Settings) -> AsyncIterator[asyncio.Task[Models]]:
    """Open the models while the block runs; the block awaits the task when it needs them."""
    async with AsyncExitStack() as stack:
        task = asyncio.create_task(stack.enter_async_context(open_models(settings)))
        try:
            yield task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


async def open_cpu_models(settings: Settings) -> Models:
    """Open the models on the CPU in this process, also if the settings name a Triton."""
    return _behind_one_queue(await open_cpu(settings), settings)


def _behind_one_queue(backends: Mapping[str, Backend], settings: Settings) -> Models:
    queue = SharedQueue(settings.max_queue)
    built = installed(settings)
    on_trial, share = canary.name(settings), settings.canary_share

    def served(backend_name: str) -> ServedModel:
        backend = backends[backend_name]
        name, _ = canary.model_and_number(settings, backend_name)
        model = Scheduler(backend, max_queue=settings.max_queue, name=backend_name, queue=queue)
        return _described(name, model, built[name])

    for name in backends:  # so that their series exist also without a Triton
        BREAKER_OPEN.labels(name)
        FALLBACKS.labels(name)
    models = [served(name) for name in backends if name != on_trial]
    trial = Canary(served(on_trial), share.version, share.percent) if share else None
    return Models(*models, default=settings.model, canary=trial)


def _described(name: str, model: Model, built: Manifest) -> ServedModel:
    return ServedModel(
        name,
        model,
        side=built.network.side,
        title=built.title,
        version=built.version,
        licence=built.licence,
        non_commercial=built.non_commercial,
    )
