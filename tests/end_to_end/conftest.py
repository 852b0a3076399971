from collections.abc import Iterator

import pytest

from tests.end_to_end.service import Service, running
from tests.reduced_model import FULL_REPOSITORY


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One real service, with the full model, for all tests that do not stop it."""
    folder = tmp_path_factory.mktemp("service")
    with running(folder, model_repository=FULL_REPOSITORY) as service:
        yield service
