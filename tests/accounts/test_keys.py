import time
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import Engine, inspect, text

from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.accounts.keys import KeyStore, Limits
from gateway.errors import InvalidKey


def test_a_key_works_until_it_is_revoked(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    key, secret = store.create("web shop", account_id)
    assert store.check(secret) == key
    assert store.revoke(key.id)
    with pytest.raises(InvalidKey):
        store.check(secret)
    assert not store.revoke(999)


def test_an_unknown_key_is_refused(engine: Engine) -> None:
    with pytest.raises(InvalidKey):
        KeyStore(engine).check("cbg_unknown")


def test_a_key_expires_also_while_it_is_believed(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine, cache_s=60)
    key, secret = store.create("short", account_id, lives=timedelta(seconds=1))
    assert key.expires_at
    store.check(secret)
    assert store.cached(secret)
    time.sleep(max(0.0, (key.expires_at - datetime.now(UTC)).total_seconds()))
    assert store.cached(secret) is None
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


def test_only_a_hash_and_what_recognises_it_are_at_rest(engine: Engine, account_id: int) -> None:
    key, secret = KeyStore(engine).create("web shop", account_id)
    tables = inspect(engine).get_table_names()
    with engine.connect() as connection:
        rows = [connection.execute(text(f"SELECT * FROM {table}")).all() for table in tables]
    stored = str(rows)
    assert key.prefix in stored
    assert secret not in stored
    assert secret[8:-4] not in stored


def test_a_checked_key_is_believed_for_the_caches_time_only(
    engine: Engine, account_id: int
) -> None:
    here, elsewhere = KeyStore(engine, cache_s=60), KeyStore(engine)
    key, secret = here.create("web shop", account_id)
    assert here.cached(secret) is None
    here.check(secret)
    elsewhere.revoke(key.id)
    assert here.cached(secret) == key
    here.revoke(key.id)
    assert here.cached(secret) is None


def test_a_key_keeps_limits_of_its_own(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    limits = Limits(requests_per_minute=7, megapixels_per_minute=0)
    _, secret = store.create("slow", account_id, limits=limits)
    assert store.check(secret).limits == limits


def test_use_adds_up_whoever_writes_it(engine: Engine, account_id: int) -> None:
    one, other = KeyStore(engine), KeyStore(engine)
    key, _ = one.create("busy", account_id)
    assert (key.images, key.last_used_at) == (0, None)
    now = datetime.now(UTC)
    one.add_use({key.id: 3, 999: 1}, now)
    other.add_use({key.id: 4}, now + timedelta(seconds=1))
    (key,) = one.list()
    assert (key.images, key.last_used_at) == (7, now + timedelta(seconds=1))
