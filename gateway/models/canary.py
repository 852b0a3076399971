"""A version of the default model on trial: its files, and what computes its masks."""

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


def model_and_number(settings: Settings, backend_name: str) -> tuple[str, int]:
    """Return a backend's model, and its version's number; 0: the highest.

    Args:
        settings: name the version of the default model.
        backend_name: of a model, or of the canary.
    """
    if backend_name == settings.model:
        return backend_name, settings.model_version
    model, _, number = backend_name.partition(":")
    return model, int(number or 0)


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
    folder = manifest.version_folder(settings.model_repository / settings.model, number)
    try:
        found = manifest.read(folder)
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
