"""What of the model repository this machine can run, and its models on the CPU of this process."""

import logging
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from gateway.errors import ModelUnavailable
from gateway.models import canary
from gateway.models.backend import RETRY_AFTER_S, Backend
from gateway.models.cpu import CpuBackend
from gateway.settings import Settings
from serving import manifest
from serving.cpu_runtime import CpuRuntime
from serving.manifest import Manifest
from serving.precision import INSTRUCTIONS, is_supported

log = logging.getLogger(__name__)

IDLE_S = 60.0
"""Seconds without an image after which the 400 MB of a fallback, and of a model that is not the
default, are freed; loading it again takes half a second."""


def installed(settings: Settings) -> dict[str, Manifest]:
    """Return the manifests of all models, of the default one in the version of the settings.

    Raises:
        ModelNotBuilt: there is no default one.
    """
    default = manifest.read(settings.model_dir)
    return manifest.installed(settings.model_repository) | {settings.model: default}


def loadable(settings: Settings, device: str) -> dict[str, Manifest]:
    """Return the models that run on `cpu`, `gpu`, or a device that is not known yet, "".

    The canary of the default one is among them, under `canary.name`.

    One that is not the default and declares a precision that this CPU lacks is left out, with a
    warning, unless another machine may run it.

    Raises:
        ModelNotBuilt: the default is not among them.
        ModelSetupError: the canary cannot be served.
        ValueError: the default declares a precision that this CPU lacks.
    """
    all_models = installed(settings)
    default = all_models[settings.model]
    manifest.require(settings.model, default, device)
    if device and not has_precision(default):
        path = settings.model_dir / manifest.FILE_NAME
        missing = INSTRUCTIONS[default.precision]
        raise ValueError(f"This CPU has no {missing}, which {path} declares.")
    found = {}
    for name, built in all_models.items():
        if device and not has_precision(built):
            missing = INSTRUCTIONS[built.precision]
            log.warning(
                "the model %s is left out: it declares %s, which this CPU lacks", name, missing
            )
        elif manifest.runs_on(name, built, device):
            found[name] = built
    return found | canary.built(settings, default, device)


def has_precision(built: Manifest) -> bool:
    """Return whether this CPU has the precision that a model with an IR declares."""
    return not built.ir or is_supported(built.precision)


def folder(settings: Settings, name: str) -> Path:
    """Return the folder of the version that is served of a model, or of the canary."""
    model, number = canary.model_and_number(settings, name)
    return manifest.version_folder(settings.model_repository / model, number)


async def open_cpu(settings: Settings) -> Mapping[str, Backend]:
    """Return all models on the CPU in this process, the default one warmed up.

    Raises:
        ModelNotBuilt: the default was not built.
    """
    backends = {
        name: cpu_backend(settings, name, built, stays=name == settings.model)
        for name, built in loadable(settings, "cpu").items()
    }
    try:
        await backends[settings.model].warm_up()
    except BaseException:
        for backend in backends.values():
            await backend.close()
        raise
    on_trial = canary.name(settings)
    if on_trial in backends:
        stable = backends[settings.model]
        return {**backends, on_trial: canary.backend(on_trial, backends[on_trial], stable)}
    return backends


def cpu_backend(
    settings: Settings, name: str, built: Manifest, *, stays: bool = False
) -> CpuBackend:
    """Return a model on the CPU in this process; it is loaded when an image needs it.

    Args:
        settings: precision, threads and folders.
        name: of the model.
        built: its manifest.
        stays: keep it in memory when it is idle.
    """
    return CpuBackend(
        partial(_load, settings, name, built),
        idle_s=None if stays else IDLE_S,
        side=built.network.side,
    )


def _load(settings: Settings, name: str, built: Manifest) -> CpuRuntime:
    """Load a model, unless another one has taken its name since `built` was read.

    Raises:
        ModelUnavailable: one has: side and version are known from the start only.
    """
    path = folder(settings, name)
    now = manifest.read(path)
    if (now.version, now.network) != (built.version, built.network):
        raise ModelUnavailable(
            f"The model {name} was replaced: restart the service.", RETRY_AFTER_S
        )
    runtime = CpuRuntime(
        path,
        precision=settings.precision,
        threads=settings.cpu_threads,
        cache_dir=settings.data_dir / "openvino-cache",
    )
    log.info("model %s loaded on cpu (%s)", runtime.version, runtime.precision)
    return runtime
