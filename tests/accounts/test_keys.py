from datetime import datetime, timedelta, tzinfo

import pytest
from sqlalchemy import Engine, inspect, text

from gateway.accounts import api_key
from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.key_cache import KeyCache
from gateway.accounts.keys import KeyStore
from gateway.errors import InvalidKey


def test_a_key_works_until_it_is_revoked(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    key, secret = store.create("web shop", account_id)
    assert store.check(secret) == key
    assert store.revoke(key.id)
    with pytest.raises(InvalidKey):
        store.check(secret)
    assert not store.revoke(999)


def test_an_unknown_key_is_rejected(engine: Engine) -> None:
    with pytest.raises(InvalidKey):
        KeyStore(engine).check("cbg_unknown")


class InTwoHours(datetime):
    """Stands in for `datetime`: its clock is two hours ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "InTwoHours":
        return super().now(tz) + timedelta(hours=2)


def test_a_key_expires_while_it_is_cached(
    engine: Engine, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore(engine, cache=KeyCache(60, 60))
    key, secret = store.create("short", account_id, lifetime=timedelta(hours=1))
    assert key.expires_at
    store.check(secret)
    assert store.cache.find(secret)
    monkeypatch.setattr(api_key, "datetime", InTwoHours)
    assert store.cache.find(secret) is None
    with pytest.raises(InvalidKey):
        store.check(secret)


def test_the_keys_of_a_disabled_account_do_not_work(engine: Engine) -> None:
    accounts, store = AccountStore(engine), KeyStore(engine)
    ours, theirs = accounts.find(DEFAULT), accounts.create("leaving")
    (_, kept), (_, lost) = store.create("a", ours.id), store.create("b", theirs.id)
    assert store.check(lost).account == "leaving"
    accounts.disable("leaving")
    assert store.check(kept)
    with pytest.raises(InvalidKey):
        store.check(lost)


def test_only_a_hash_and_the_ends_of_a_secret_are_stored(engine: Engine, account_id: int) -> None:
    key, secret = KeyStore(engine).create("web shop", account_id)
    tables = inspect(engine).get_table_names()
    with engine.connect() as connection:
        rows = [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]
    stored = str(rows)
    assert key.prefix in stored
    assert secret not in stored
    assert secret[8:-4] not in stored


def test_a_revocation_elsewhere_does_not_end_a_cached_key_and_one_here_does(
    engine: Engine, account_id: int
) -> None:
    here, elsewhere = KeyStore(engine, cache=KeyCache(60, 60)), KeyStore(engine)
    key, secret = here.create("web shop", account_id)
    assert here.cache.find(secret) is None
    here.check(secret)
    elsewhere.revoke(key.id)
    assert here.cache.find(secret) == key
    here.revoke(key.id)
    assert here.cache.find(secret) is None


def test_a_key_keeps_its_own_limits(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    limits = Limits(requests_per_minute=7, megapixels_per_minute=0)
    _, secret = store.create("slow", account_id, limits=limits)
    assert store.check(secret).limits == limits
