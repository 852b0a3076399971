from collections.abc import Iterator

import pytest

from tests.observability.scene import Scene, running_scene


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One scene for all tests, each of which leaves it without faults."""
    with running_scene(tmp_path_factory.mktemp("scene")) as scene:
        yield scene
