from pathlib import Path

import pytest

from gateway.settings import Settings
from serving import weights
from serving.isnet import ISNet
from serving.weights import Weights


@pytest.fixture(scope="session")
def settings() -> Settings:
    return Settings()


@pytest.fixture(scope="session")
def model_dir(settings: Settings) -> Path:
    return settings.model_dir


@pytest.fixture(scope="session")
def source(settings: Settings) -> Weights:
    return weights.fetch(settings.weights, settings.data_dir / "weights", lambda done, of: None)


@pytest.fixture(scope="session")
def network(source: Weights) -> ISNet:
    return weights.load(source)
