"""Builds the model at the first use of an installed package."""

from gateway import home
from gateway.cli.console import err, fail
from gateway.settings import Settings
from serving import manifest
from serving.errors import BuildError
from serving.lock import file_lock
from serving.manifest import ModelNotBuilt


def ensure_model(settings: Settings) -> None:
    """Build the CPU model if the default repository has none; print to stderr that it happens.

    A repository that was set explicitly is never written to: if its model is missing, loading it
    raises the error. So does a missing model that is not the one that can be built. A failed build
    ends the command with an error.
    """
    if "model_repository" in settings.model_fields_set or settings.model != manifest.DEFAULT:
        return
    try:
        home.install_configurations(settings.model_repository)
        if not _is_built(settings):
            with file_lock(settings.data_dir / "model"):
                _build(settings)
    except (BuildError, OSError) as error:
        fail(error)


def _build(settings: Settings) -> None:
    if _is_built(settings):
        return  # another process built it while this one waited for the lock
    from serving import build  # imported here: later starts do not need it

    err.print("There is no model yet: fetching its weights and building it, once.")
    build.build(settings.weights, settings.data_dir / "weights", settings.model_dir)


def _is_built(settings: Settings) -> bool:
    try:
        return bool(manifest.read(settings.model_dir))
    except ModelNotBuilt:
        return False
