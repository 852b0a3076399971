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
    """The folder in which the commands run; the service's data is elsewhere."""
    work = tmp_path / "work"
    (work / "photos").mkdir(parents=True)
    return work
