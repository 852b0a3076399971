"""Masks that replicas share, in a real Valkey, and what happens without it."""

import asyncio
from collections.abc import Iterator

import pytest
from redis import Redis

from gateway import options
from gateway.masks import cache, shared
from gateway.masks.key import MaskKey
from gateway.masks.shared import SharedMasks
from gateway.network.valkey import BadStoreUrl
from gateway.observability.metrics import MASK_STORE_FAILURES
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.masks.core import Make, opened
from tests.servers import valkey
from tests.servers.valkey import Valkey
from tests.waiting import until

KEY = MaskKey("account 1", b"sha256", None, "isnet", "v1-bf16")


@pytest.fixture(scope="module")
def server() -> Iterator[Valkey]:
    with valkey.running() as running:
        yield running


@pytest.fixture
def store(server: Valkey, monkeypatch: pytest.MonkeyPatch) -> "Iterator[Redis]":
    monkeypatch.setattr(shared, "TIMEOUT_S", 60)  # a busy machine takes longer than half a second
    client = Redis(port=server.port)
    client.flushall()
    yield client
    client.close()


@pytest.mark.real
async def test_a_replica_finds_what_another_has_computed(
    server: Valkey, store: Redis, model: HalfModel, settings: Settings, photo: Make
) -> None:
    async with (
        opened(model, settings, mask_cache_url=server.url, mask_cache_ttl_s=100) as first,
        opened(model, settings, mask_cache_url=server.url) as second,
    ):
        computed = await first.remove(photo(), options.parse({}), account_id=1)
        await until(lambda: store.dbsize() == 1)
        found = await second.remove(photo(), options.parse({}), account_id=1)
        assert (model.calls, found.device) == (1, "cache")
        assert found.data == computed.data
        other = await second.remove(photo(), options.parse({}), account_id=2)
        assert (model.calls, other.device) == (2, "cpu")
        name = next(store.scan_iter())
        assert name.startswith(b"clearbg:mask:")
        assert store.ttl(name) in range(1, 1000)
        store.flushall()
        again = await second.remove(photo(), options.parse({}), account_id=1)
        assert (model.calls, again.device) == (2, "cache"), "now it is in its own memory"


@pytest.mark.real
async def test_the_store_forgets_a_mask_in_time(server: Valkey, store: Redis) -> None:
    masks = SharedMasks(server.url, ttl_s=0.05)
    await masks.put(KEY, b"mask")
    await until(lambda: store.dbsize() == 0)
    assert await masks.get(KEY) is None
    await masks.close()


@pytest.mark.real
async def test_a_damaged_mask_counts_as_not_found(
    server: Valkey, store: Redis, model: HalfModel, settings: Settings, photo: Make
) -> None:
    async with opened(model, settings, mask_cache_url=server.url) as remover:
        await remover.remove(photo(), options.parse({}))
        await until(lambda: store.dbsize() == 1)
    store.set(next(store.scan_iter()), b"nonsense")
    async with opened(model, settings, mask_cache_url=server.url) as remover:
        assert (await remover.remove(photo(), options.parse({}))).device == "cpu"
    assert model.calls == 2


@pytest.mark.real
async def test_no_request_fails_or_waits_while_the_store_is_down(
    model: HalfModel, settings: Settings, photo: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shared, "COOLDOWN_S", 600)
    with valkey.running() as server:
        async with opened(model, settings, mask_cache_url=server.url) as remover:
            server.stop()
            before = MASK_STORE_FAILURES._value.get()
            for width in range(8, 20):
                assert (await remover.remove(photo(width), options.parse({}))).device == "cpu"
            assert MASK_STORE_FAILURES._value.get() - before == 1, "the others skipped it"
            server.restart()
            masks = remover._segmenter._masks
            assert masks
            assert masks._shared
            masks._shared._cooldown._ends_at = 0  # the cooldown is over
            await remover.remove(photo(), options.parse({}))
            with Redis(port=server.port) as client:
                await until(lambda: client.dbsize() == 1)


async def test_a_store_that_hangs_counts_as_down(monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    monkeypatch.setattr(shared, "TIMEOUT_S", 0.05)
    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        masks = SharedMasks(f"redis://127.0.0.1:{port}", 60)
        async with asyncio.timeout(60):
            assert await masks.get(KEY) is None
            assert await masks.get(KEY) is None
        await masks.close()


@pytest.mark.parametrize("url", ["nonsense", "nosuch://x"])
async def test_an_invalid_url_is_rejected_with_the_name_of_the_setting(
    url: str, settings: Settings
) -> None:
    chosen = settings.model_copy(update={"mask_cache_mb": 64, "mask_cache_url": url})
    with pytest.raises(BadStoreUrl, match="CLEARBG_MASK_CACHE_URL"):
        async with cache.opened(chosen):
            pass
