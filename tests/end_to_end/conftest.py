from collections.abc import Iterator

import pytest

from tests.end_to_end.service import Service, running


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One real service for all tests that do not stop it."""
    with running(tmp_path_factory.mktemp("service")) as service:
        yield service
