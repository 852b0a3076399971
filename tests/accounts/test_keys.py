import sqlite3
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine

from gateway.accounts import database
from gateway.accounts.keys import KeyStore
from gateway.accounts.tables import Table
from gateway.errors import InvalidKey


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    return database.connect(f"sqlite:///{tmp_path / 'new folder' / 'keys.db'}")


def test_a_key_works_until_it_is_revoked(engine: Engine) -> None:
    store = KeyStore(engine)
    key, secret = store.create("web shop")
    assert store.check(secret).name == "web shop"
    assert store.revoke(key.id)
    with pytest.raises(InvalidKey):
        store.check(secret)
    assert not store.revoke(999)


def test_an_unknown_key_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidKey):
        KeyStore(engine).check("cbg_unknown")


def test_only_a_hash_and_what_recognises_it_are_at_rest(engine: Engine) -> None:
    key, secret = KeyStore(engine).create("web shop")
    assert engine.url.database
    stored = "\n".join(sqlite3.connect(engine.url.database).iterdump())
    assert key.prefix in stored
    assert secret not in stored
    assert secret[8:-4] not in stored


def test_a_checked_key_is_believed_for_the_caches_time_only(engine: Engine) -> None:
    here, elsewhere = KeyStore(engine, cache_s=60), KeyStore(engine)
    key, secret = here.create("web shop")
    assert here.cached(secret) is None
    here.check(secret)
    elsewhere.revoke(key.id)
    assert here.cached(secret) == key
    here.revoke(key.id)
    assert here.cached(secret) is None


def test_migrations_make_exactly_the_tables(engine: Engine) -> None:
    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Table.metadata) == []


def test_opening_a_database_again_keeps_its_keys(engine: Engine) -> None:
    _, secret = KeyStore(engine).create("web shop")
    assert KeyStore(database.connect(str(engine.url))).check(secret).name == "web shop"
