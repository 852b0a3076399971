"""A version of the default model on trial: its files, and what computes its masks."""

from pathlib import Path

from gateway.models.backend import Backend
from gateway.models.failover import Failover
from gateway.models.setup_error import ModelSetupError
from gateway.settings import Settings
from serving import manifest
from serving.manifest import Manifest, ModelNotBuilt


def name(settings: Settings) -> str:
    """Return the canary's name among the backends and in metrics, `isnet:2`; empty: there is none.

    No other model has such a name. Callers see the model's own name.
    """
    share = settings.canary_share
    return f"{settings.model}:{share.version}" if share else ""


def folder(settings: Settings) -> Path:
    """Return the folder of the canary's files; call it only if there is a canary."""
    assert settings.canary_share
    model = settings.model_repository / settings.model
    return manifest.version_folder(model, settings.canary_share.version)


def built(settings: Settings, stable: Manifest, device: str) -> dict[str, Manifest]:
    """Return the canary's manifest by its name; nothing, if there is no canary.

    Args:
        settings: name the versions.
        stable: manifest of the version that the canary may replace.
        device: as in `repository.loadable`.

    Raises:
        ModelSetupError: the version is not built, or cannot take the other one's place.
    """
    share = settings.canary_share
    if not share:
        return {}
    number = share.version
    try:
        found = manifest.read(folder(settings))
        manifest.require(settings.model, found, device)
    except ModelNotBuilt as error:
        raise ModelSetupError(
            f"CLEARBG_CANARY: version {number} of {settings.model} cannot be served: {error} "
            f"(clearbg model build --version {number})"
        ) from error
    if found.network != stable.network:
        raise ModelSetupError(f"CLEARBG_CANARY: version {number} has another input or output.")
    if (found.version, found.precision) == (stable.version, stable.precision):
        raise ModelSetupError(
            f"CLEARBG_CANARY: version {number} has the weights and the precision of version "
            f"{settings.model_version}: its masks would be the same."
        )
    return {name(settings): found}


def backend(on_trial: str, version: Backend, stable: Backend) -> Failover:
    """Return the canary's backend: its version, or the stable one while that fails.

    Args:
        on_trial: see `name`.
        version: runs the version on trial.
        stable: runs the other one. Closing the canary's backend closes it too.
    """
    return Failover(version, stable, name=on_trial, failures=(Exception,))
