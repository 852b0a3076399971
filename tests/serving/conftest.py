"""Builds every format of the model with PyTorch, for the tests that need them."""

from pathlib import Path

import pytest

from gateway.settings import Settings
from serving import checkpoint, format_runners
from serving.build import build
from serving.isnet import ISNet
from serving.photos import PHOTOS
from serving.weights import Weights
from tests.build.conftest import settings, source

__all__ = ["settings", "source"]


@pytest.fixture(scope="session")
def model_dir(settings: Settings, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the model, measured on one photo only: test_fidelity.py uses all of them."""
    folder = tmp_path_factory.mktemp("built")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(format_runners, "PHOTOS", PHOTOS[:1])
        build(settings.weights, settings.data_dir / "weights", folder, torchscript=True)
    return folder


@pytest.fixture(scope="session")
def network(source: Weights) -> ISNet:
    return checkpoint.load(source)
