import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.models.model import Inference, Priority
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import Listening, listening
from tests.rest.conftest import settings
from tests.waiting import until

__all__ = ["settings"]


class HeldModel(HalfModel):
    """Goes no further than a number of images, for tests that interrupt it there."""

    most = math.inf

    def check(self, *, priority: Priority, timeout_s: float) -> None:
        """Never too much."""

    async def infer(
        self, image: NDArray[np.uint8], *, priority: Priority, timeout_s: float
    ) -> Inference:
        await until(lambda: self.calls < self.most, timeout_s)
        return await super().infer(image, priority=priority, timeout_s=timeout_s)


@pytest.fixture
def model() -> HeldModel:
    return HeldModel()


@pytest.fixture
def service(model: HeldModel, settings: Settings) -> Iterator[Listening]:
    with listening(model, settings, jobs=True) as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the commands work: the service's own data is not in it."""
    made = tmp_path / "work"
    (made / "photos").mkdir(parents=True)
    return made
