"""The same databases as for accounts: SQLite and PostgreSQL."""

import pytest
from sqlalchemy import Engine

from gateway.identity.identity import Identity, open_identity
from gateway.settings import Settings
from tests.accounts.conftest import account_id, engine, postgres_server, url

__all__ = ["account_id", "engine", "postgres_server", "url"]


@pytest.fixture
def identity(engine: Engine) -> Identity:
    return open_identity(engine, Settings(sign_in_link_h=1))
