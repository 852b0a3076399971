"""Opens the models on Triton, embedded or elsewhere, with or without the CPU as fallback."""

import asyncio
import logging
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from gateway.models import canary
from gateway.models.backend import Backend
from gateway.models.cpu import CpuBackend
from gateway.models.failover import Failover
from gateway.models.repository import cpu_backend, has_precision, loadable, open_cpu
from gateway.models.setup_error import ModelSetupError
from gateway.models.triton_supervisor import TritonSupervisor
from gateway.settings import Settings
from serving import libtorch
from serving.manifest import Manifest
from serving.precision import INSTRUCTIONS, model_precision
from serving.tritonserver import TritonNotFound, TritonServer, find_tritonserver

if TYPE_CHECKING:
    from gateway.models.triton import TritonBackend

log = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
START_TIMEOUT_S = 300.0
"""For a GPU server to load the model and warm up every batch size."""
CONNECTION_AGE_S = 60.0
"""Gateways find a new server of `clearbg triton` within a minute; images take a few seconds."""


def create_tritonserver(
    settings: Settings, host: str, connection_age_s: float = 0.0
) -> TritonServer:
    """Return a tritonserver for our model repository, not started yet. `clearbg triton` runs it.

    Raises:
        TritonNotFound: no tritonserver is installed that can run here.
        ModelNotBuilt: the default model was not built for this machine.
    """
    installation = find_tritonserver(settings.tritonserver, settings.data_dir / "triton")
    names = loadable(settings, installation.device)
    models = {canary.model_and_number(settings, name)[0] for name in names}
    return TritonServer(
        installation,
        settings.model_repository,
        models=tuple(sorted(models)),
        host=host,
        grpc_port=settings.triton_grpc_port,
        metrics_port=settings.triton_metrics_port,
        cache_dir=settings.data_dir / "openvino-cache",
        traces_url=settings.otlp_traces_url,
        connection_age_s=connection_age_s,
    )


async def open_triton(settings: Settings, stack: AsyncExitStack) -> Mapping[str, Backend]:
    """Return all models on the Triton of the settings; `stack` closes it.

    Raises:
        ModelNotBuilt: the default was not built, or not in the format that a GPU needs.
        ModelSetupError: `require_gpu` and there is no GPU, or no Triton and no fallback.
    """
    _check_installed()
    server, addresses = None, settings.triton
    if addresses == "embedded":
        try:
            server = create_tritonserver(settings, LOOPBACK)
        except TritonNotFound as error:
            return await _open_cpu_instead(settings, error)
        addresses = f"{LOOPBACK}:{settings.triton_grpc_port}"
    built = loadable(settings, server.installation.device if server else "")
    if server:
        _warn_of_torch(server, built[settings.model])
    is_alone = len(built) == 1
    primaries = {
        name: _primary(settings, addresses, name, built[name], server, is_alone=is_alone)
        for name in built
    }
    fallbacks = {
        name: _fallback(settings, name, built[name])
        for name in built
        if name != canary.name(settings)
    }
    failovers = _failovers(settings, primaries, fallbacks, is_one_server=server is not None)
    for failover in failovers.values():
        stack.push_async_callback(failover.close)
    fallback = fallbacks[settings.model]
    if fallback and (server or not await failovers[settings.model].probe()):
        log.info(
            "Triton at %s does not answer yet: until it does, this process computes masks",
            addresses,
        )
        await fallback.warm_up(images=1)  # one is enough for the short time until Triton answers
    if server:  # only now: starting both on the same cores at once would take each twice as long
        supervisor = TritonSupervisor(server, lambda: _silent_since(failovers.values()))
        stack.push_async_callback(supervisor.close)
    if settings.require_gpu == "on":
        await _require_gpu(primaries[settings.model])
    return failovers


def _failovers(
    settings: Settings,
    primaries: Mapping[str, "TritonBackend"],
    fallbacks: Mapping[str, CpuBackend | None],
    *,
    is_one_server: bool,
) -> dict[str, Failover]:
    """Return the breaker of each model. The canary, which has no fallback of its own, is last."""
    failovers: dict[str, Failover] = {}
    peers = failovers.values() if is_one_server else ()  # of several, one of them proves nothing
    for name, fallback in fallbacks.items():
        failovers[name] = Failover(primaries[name], fallback, name=name, peers=peers)
    if on_trial := canary.name(settings):
        stable = failovers[settings.model]
        failovers[on_trial] = canary.backend(on_trial, primaries[on_trial], stable)
    return failovers


def _check_installed() -> None:
    try:
        import gateway.models.triton  # noqa: F401 (an extra: is it installed?)
    except ModuleNotFoundError as error:
        raise ModelSetupError(f"{error.name} is missing: pip install 'clearbg[triton]'") from error


def _warn_of_torch(server: TritonServer, built: Manifest) -> None:
    if warning := libtorch.version_warning(server.installation.backends, built):
        log.warning("%s", warning)


def _primary(
    settings: Settings,
    addresses: str,
    name: str,
    built: Manifest,
    server: TritonServer | None,
    *,
    is_alone: bool,
) -> "TritonBackend":
    from gateway.models.triton import TritonBackend  # here, since it takes half a second

    precisions = {"triton-gpu": "f16"} if "model_fp16.pt" in built.artifacts else {}
    if built.ir and server:
        precisions["triton-cpu"] = model_precision(built, settings.precision)
    elif built.ir and built.precision != "auto":  # else only the other machine knows
        precisions["triton-cpu"] = built.precision
    model, number = canary.model_and_number(settings, name)
    return TritonBackend(
        addresses,
        built.version,
        name=model,
        number=number,
        side=built.network.side,
        precisions=precisions,
        is_exclusive=server is not None,
        is_alone=is_alone,
    )


def _fallback(settings: Settings, name: str, built: Manifest) -> CpuBackend | None:
    if settings.cpu_fallback == "off" or not built.ir:
        return None
    if not has_precision(built):
        missing = INSTRUCTIONS[built.precision]
        log.warning("no fallback for %s: it declares %s, which this CPU lacks", name, missing)
        return None
    return cpu_backend(settings, name, built)


def _silent_since(failovers: Iterable[Failover]) -> float | None:
    """Return when the server stopped answering; None while any model answers.

    One model that was unloaded is no reason to restart the others. A breaker that is closed because
    its model has no images does not hide a failure: see `peers` of Failover.
    """
    opened = [failover.open_since for failover in failovers]
    return None if None in opened else max(since for since in opened if since is not None)


async def _open_cpu_instead(settings: Settings, reason: TritonNotFound) -> Mapping[str, Backend]:
    if settings.require_gpu == "on" or settings.cpu_fallback == "off":
        raise ModelSetupError(f"There is no Triton to embed: {reason}.") from reason
    log.warning("cannot embed a tritonserver (%s): the CPU in this process answers", reason)
    return await open_cpu(settings)


async def _require_gpu(primary: "TritonBackend") -> None:
    try:
        async with asyncio.timeout(START_TIMEOUT_S):
            while not await primary.ready():  # noqa: ASYNC110 (another process decides)
                await asyncio.sleep(0.5)
    except TimeoutError as error:
        raise ModelSetupError(
            f"CLEARBG_REQUIRE_GPU is on, and Triton did not answer in {START_TIMEOUT_S:g} s."
        ) from error
    if primary.device != "triton-gpu":
        raise ModelSetupError("CLEARBG_REQUIRE_GPU is on, and Triton runs the model on a CPU.")
