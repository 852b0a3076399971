import subprocess
import sys
from datetime import datetime
from hashlib import sha256
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import Engine, text
from sqlalchemy.exc import SQLAlchemyError

from gateway.accounts import database
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.database import DatabaseUnreachable
from gateway.accounts.keys import KeyStore
from gateway.accounts.tables import Table
from gateway.bulk import tables as bulk
from gateway.identity import tables as identity
from gateway.identity.users import UserStore
from gateway.webhooks import tables as webhooks

SECRET = "cbg_secret"
OPEN = "import sys; from gateway.accounts import database; database.connect(sys.argv[1])"


def migrate(engine: Engine, revision: str, *, down: bool = False) -> None:
    config = Config()
    config.set_main_option("script_location", str(database.MIGRATIONS))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        (command.downgrade if down else command.upgrade)(config, revision)


def test_migrations_create_exactly_the_declared_tables(engine: Engine) -> None:
    assert all((bulk.JobRow, identity.UserRow, webhooks.DeliveryRow))  # all tables are declared
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_errors_do_not_reveal_parameters(engine: Engine) -> None:
    """Errors are logged, and a webhook's URL may contain a password."""
    with engine.connect() as connection, pytest.raises(SQLAlchemyError) as raised:
        connection.execute(text("SELECT * FROM missing WHERE url = :url"), {"url": "hunter2"})
    assert "hunter2" not in str(raised.value)


def test_opening_a_database_again_keeps_its_keys(engine: Engine, url: str, account_id: int) -> None:
    _, secret = KeyStore(engine).create("web shop", account_id)
    again = database.connect(url)
    assert KeyStore(again).check(secret).name == "web shop"
    again.dispose()


def test_keys_from_before_accounts_belong_to_the_default_account(engine: Engine) -> None:
    migrate(engine, "0001", down=True)
    with engine.begin() as connection:
        connection.execute(
            text(
                "INSERT INTO api_keys (sha256, name, prefix, last_four, created_at) "
                "VALUES ('0', 'old', 'cbg_old1', '1234', '2026-01-01 00:00:00')"
            )
        )
    migrate(engine, "head")
    (key,) = KeyStore(engine).list()
    assert (key.name, key.account, key.images, key.works) == ("old", DEFAULT, 0, True)


def test_a_database_from_before_people_keeps_all_that_it_has(engine: Engine) -> None:
    migrate(engine, "0007", down=True)
    fill(engine)
    before = everything(engine)
    assert len(before) == 8
    assert all(before.values())
    migrate(engine, "head")
    after = everything(engine)
    for table, (old,) in before.items():
        (new,) = after[table]
        assert {name: new[name] for name in old} == old
    key = KeyStore(engine).check(SECRET)
    assert (key.account, key.account_limits, key.quota) == (DEFAULT, Limits(), None)
    AccountStore(engine).limit(DEFAULT, requests_per_minute=5, megapixels_per_minute=None)
    assert KeyStore(engine).check(SECRET).account_limits == Limits(5, None)
    assert UserStore(engine).list() == []


def tables(engine: Engine) -> list[sa.Table]:
    """Tables that the database has now, after those that they refer to."""
    found = sa.MetaData()
    found.reflect(engine)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(engine: Engine) -> None:
    """Put a row, without NULL unless it ends a key, into each table that has none."""
    values = {bool: True, int: 1, str: "text", object: {}, datetime: datetime(2026, 1, 1)}
    key = {"sha256": sha256(SECRET.encode()).hexdigest(), "revoked_at": None, "expires_at": None}
    with engine.begin() as connection:
        for table in tables(engine):
            if not connection.execute(sa.select(table)).all():
                row = {column.name: values[column.type.python_type] for column in table.columns}
                connection.execute(table.insert(), row | (key if "sha256" in row else {}))


def everything(engine: Engine) -> dict[str, list[dict[str, Any]]]:
    """All rows, by table."""
    with engine.connect() as connection:
        return {
            table.name: [dict(row) for row in connection.execute(sa.select(table)).mappings()]
            for table in tables(engine)
        }


@pytest.mark.real
def test_replicas_that_start_at_once_all_open_the_database(url: str) -> None:
    replicas = [
        subprocess.Popen([sys.executable, "-c", OPEN, url], stderr=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    for replica in replicas:
        _, errors = replica.communicate(timeout=60)
        assert replica.returncode == 0, errors
    database.connect(url).dispose()


@pytest.mark.parametrize(
    "url",
    ["nonsense", "nosuch://x", "postgresql://nobody@127.0.0.1:1/none", "sqlite:////proc/no/db"],
)
def test_a_database_that_cannot_be_opened_is_reported_with_the_setting(url: str) -> None:
    with pytest.raises(DatabaseUnreachable, match="CLEARBG_DATABASE_URL"):
        database.connect(url)
