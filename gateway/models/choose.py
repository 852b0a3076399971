"""Which model the settings ask for: Triton, the CPU in this process, or one behind the other."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING

from gateway.models.cpu import CpuModel
from gateway.models.embedded import Embedded
from gateway.models.failover import Failover
from gateway.models.model import Model
from gateway.settings import Settings
from serving import libtorch, manifest
from serving.cpu_runtime import CpuRuntime
from serving.tritonserver import TritonNotFound, TritonServer, find

if TYPE_CHECKING:
    from gateway.models.triton import TritonModel

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 300.0
"""For a GPU server to load and warm up every batch size."""


class ModelRefused(Exception):
    """The settings ask for a model that cannot be had here. The message says why."""


@asynccontextmanager
async def model(settings: Settings) -> AsyncIterator[Model]:
    """The model that the settings ask for, ready to answer; stopped after the block.

    Raises:
        ModelNotBuilt: there is no whole model.
        ModelRefused: `require_gpu` and there is no GPU, or no Triton and no fallback.
    """
    async with AsyncExitStack() as stack:
        if settings.triton == "off":
            if settings.require_gpu == "on":
                raise ModelRefused("CLEARBG_REQUIRE_GPU is on, and CLEARBG_TRITON is off.")
            chosen: Model = await cpu(settings)
        else:
            chosen = await _triton(settings, stack)
        stack.push_async_callback(chosen.close)
        yield chosen


async def cpu(settings: Settings) -> CpuModel:
    """Load the CPU model into this process and have it answer once."""
    runtime = await asyncio.to_thread(
        CpuRuntime,
        settings.model_dir,
        precision=settings.precision,
        threads=settings.cpu_threads,
        cache_dir=settings.data_dir / "openvino-cache",
    )
    chosen = CpuModel(runtime, max_queue=settings.max_queue)
    await chosen.warm_up()
    log.info("model %s ready on cpu (%s)", runtime.version, runtime.precision)
    return chosen


def tritonserver(settings: Settings, host: str) -> TritonServer:
    """A tritonserver on our repository, to be started: what `clearbg triton` runs too.

    Raises:
        TritonNotFound: there is none that can run here.
    """
    return TritonServer(
        find(settings.tritonserver, settings.data_dir / "triton"),
        settings.model_repository,
        host=host,
        grpc_port=settings.triton_grpc_port,
        metrics_port=settings.triton_metrics_port,
        cache_dir=settings.data_dir / "openvino-cache",
        traces_url=settings.otlp_traces_url,
    )


async def _triton(settings: Settings, stack: AsyncExitStack) -> Model:
    try:
        from gateway.models.triton import TritonModel  # here: an extra, and half a second to import
    except ModuleNotFoundError as error:
        raise ModelRefused(f"{error.name} is missing: pip install 'clearbg[triton]'") from error
    built = manifest.read(settings.model_dir)
    addresses = settings.triton
    server = None
    if addresses == "embedded":
        try:
            server = tritonserver(settings, LOOPBACK)
        except TritonNotFound as error:
            return await _without_triton(settings, error)
        addresses = f"{LOOPBACK}:{settings.triton_grpc_port}"
        if found := libtorch.warning(server.installation.backends, built):
            log.warning("%s", found)
    primary = TritonModel(
        addresses, built.version, max_queue=settings.max_queue, one_server=server is not None
    )
    fallback = await cpu(settings) if settings.cpu_fallback == "on" else None
    failover = Failover(primary, fallback)
    if server:
        embedded = Embedded(server, lambda: failover.open_since)
        stack.push_async_callback(embedded.close)
    if settings.require_gpu == "on":
        await _require_gpu(primary)
    return failover


async def _without_triton(settings: Settings, reason: TritonNotFound) -> Model:
    if settings.require_gpu == "on" or settings.cpu_fallback == "off":
        raise ModelRefused(f"There is no Triton to embed: {reason}.") from reason
    log.warning("no Triton to embed (%s): the CPU in this process answers", reason)
    return await cpu(settings)


async def _require_gpu(primary: "TritonModel") -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while not await primary.ready():  # noqa: ASYNC110 (it asks another process)
                await asyncio.sleep(0.5)
    except TimeoutError as error:
        raise ModelRefused(
            f"CLEARBG_REQUIRE_GPU is on, and Triton did not answer in {START_TIMEOUT_S:g} s."
        ) from error
    if primary.device != "triton-gpu":
        raise ModelRefused("CLEARBG_REQUIRE_GPU is on, and Triton runs the model on a CPU.")
