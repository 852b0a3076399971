from collections.abc import Iterator

import pytest

from tests.observability.scene import Scene, playing


@pytest.fixture(scope="session")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One for all tests: each leaves it well."""
    with playing(tmp_path_factory.mktemp("scene")) as scene:
        yield scene
