"""Runs the same tests on every database."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Engine

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from tests.servers import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    with postgres.running() as server:
        yield server.url


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.real)])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of a new, empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'new folder' / 'clearbg.db'}"
    else:
        server = request.getfixturevalue("postgres_server")
        with postgres.database(server, f"clearbg_{uuid4().hex}") as created:
            yield created


@pytest.fixture
def engine(url: str) -> Iterator[Engine]:
    opened = database.connect(url)
    yield opened
    opened.dispose()


@pytest.fixture
def account_id(engine: Engine) -> int:
    return AccountStore(engine).find(DEFAULT).id
