from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import Listening, listening
from tests.rest.conftest import model, settings

__all__ = ["model", "settings"]


@pytest.fixture
def service(model: HalfModel, settings: Settings) -> Iterator[Listening]:
    with listening(model, settings, jobs=True) as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands work: the service's own data is not in it."""
    made = tmp_path / "work"
    (made / "photos").mkdir(parents=True)
    return made
