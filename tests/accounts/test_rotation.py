"""Rotation: a new secret for the same key; the old one goes on for a while."""

from datetime import UTC, datetime, timedelta, tzinfo

import pytest
from sqlalchemy import Engine

from gateway.accounts import api_key
from gateway.accounts.accounts import AccountStore
from gateway.accounts.api_key import Limits
from gateway.accounts.key_cache import KeyCache
from gateway.accounts.keys import KeyStore
from gateway.accounts.usage_store import UsageStore
from gateway.errors import InvalidKey, NoKey

HOUR = timedelta(hours=1)


class InTwoHours(datetime):
    """Stands in for `datetime`: its clock is two hours ahead."""

    @classmethod
    def now(cls, tz: tzinfo | None = None) -> "InTwoHours":
        return super().now(tz) + 2 * HOUR


def test_the_old_secret_goes_on_and_then_ends(
    engine: Engine, account_id: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = KeyStore(engine, cache=KeyCache(60, 60))
    limits = Limits(7, 8, 9)
    key, old = store.create("web shop", account_id, limits=limits)
    now_s = int(datetime.now(UTC).timestamp())
    UsageStore(engine).write({(key.id, now_s // 60 * 60): {"images": 4}}, {})
    store.check(old)
    rotated, new = store.rotate(key.id, overlap=HOUR)
    assert (rotated.id, rotated.name, rotated.limits) == (key.id, "web shop", limits)
    assert rotated.last_four == new[-4:]
    assert rotated.month
    assert rotated.month.images == 4, "a rotation does not renew the quota"
    assert rotated.previous_ends_at
    assert store.check(new).expires_at is None
    assert store.check(old).expires_at == rotated.previous_ends_at
    assert store.cache.find(old)
    monkeypatch.setattr(api_key, "datetime", InTwoHours)
    assert store.cache.find(old) is None
    with pytest.raises(InvalidKey):
        store.check(old)
    assert store.check(new).previous_ends_at is None


def test_a_second_rotation_ends_the_first_secret(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    key, first = store.create("web shop", account_id)
    _, second = store.rotate(key.id, overlap=HOUR)
    _, third = store.rotate(key.id, overlap=HOUR)
    with pytest.raises(InvalidKey):
        store.check(first)
    assert store.check(second).id == store.check(third).id == key.id


def test_without_an_overlap_the_old_secret_ends_at_once(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    key, old = store.create("leaked", account_id)
    store.rotate(key.id, overlap=timedelta())
    with pytest.raises(InvalidKey):
        store.check(old)


def test_the_end_of_the_key_is_that_of_both_secrets(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    key, old = store.create("short", account_id, lifetime=HOUR)
    _, new = store.rotate(key.id, overlap=10 * HOUR)
    assert store.check(old).expires_at == store.check(new).expires_at == key.expires_at
    store.revoke(key.id)
    for secret in (old, new):
        with pytest.raises(InvalidKey):
            store.check(secret)


def test_only_a_key_that_works_is_rotated(engine: Engine, account_id: int) -> None:
    store = KeyStore(engine)
    revoked, _ = store.create("revoked", account_id)
    expired, _ = store.create("expired", account_id, lifetime=timedelta())
    store.revoke(revoked.id)
    for key_id in (revoked.id, expired.id, 999):
        with pytest.raises(NoKey):
            store.rotate(key_id, overlap=HOUR)


def test_an_account_changes_its_own_keys_only(engine: Engine, account_id: int) -> None:
    store, other = KeyStore(engine), AccountStore(engine).create("other").id
    theirs, secret = store.create("theirs", other)
    with pytest.raises(NoKey):
        store.rotate(theirs.id, account_id, overlap=HOUR)
    assert not store.revoke(theirs.id, account_id)
    assert store.check(secret) == theirs
    assert store.list(account_id) == []
    assert store.list(other) == [theirs]
    assert store.revoke(theirs.id, other)
