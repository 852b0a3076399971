"""Which masks are kept in memory, and for how long."""

from dataclasses import replace

import numpy as np
import pytest

from gateway.masks.key import MaskKey
from gateway.masks.memory import ENTRY_BYTES, MaskMemory
from gateway.masks.packed import pack, unpack
from gateway.observability.metrics import MASK_CACHE_BYTES, MASK_CACHE_EVICTIONS
from gateway.options import region

KEY = MaskKey("account 1", b"sha256", None, "isnet", "v1-bf16")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def keys(count: int) -> list[MaskKey]:
    return [replace(KEY, sha256=bytes([number])) for number in range(count)]


async def test_the_masks_that_were_used_last_stay() -> None:
    memory = MaskMemory(3 * (100 + ENTRY_BYTES), ttl_s=60)
    before = MASK_CACHE_EVICTIONS._value.get()
    first, second, third, fourth = keys(4)
    for key in (first, second, third):
        memory.put(key, bytes(100))
    assert memory.get(first)
    memory.put(fourth, bytes(100))
    assert [bool(memory.get(key)) for key in (first, second, third, fourth)] == [
        True,
        False,
        True,
        True,
    ]
    assert MASK_CACHE_EVICTIONS._value.get() - before == 1
    assert MASK_CACHE_BYTES._value.get() == 3 * (100 + ENTRY_BYTES)
    memory.close()
    assert MASK_CACHE_BYTES._value.get() == 0


async def test_a_mask_larger_than_the_cache_is_not_kept() -> None:
    memory = MaskMemory(2000, ttl_s=60)
    small, large = keys(2)
    memory.put(small, bytes(100))
    memory.put(large, bytes(2000))
    assert memory.get(small)
    assert memory.get(large) is None
    memory.close()


async def test_a_mask_is_dropped_at_its_age_although_it_is_used() -> None:
    clock = Clock()
    memory = MaskMemory(10**6, ttl_s=60, clock=clock)
    old, new = keys(2)
    memory.put(old, b"1")
    clock.now = 59
    memory.put(new, b"2")
    assert memory.get(old) == b"1"
    clock.now = 60
    assert memory.get(old) is None
    assert memory.get(new) == b"2"
    memory.drop_expired()
    assert MASK_CACHE_BYTES._value.get() == 1 + ENTRY_BYTES
    memory.close()


@pytest.mark.parametrize(
    "other",
    [
        {"owner": "account 2"},
        {"sha256": b"another"},
        {"roi": region.parse("0 0 50% 50%")},
        {"model": "birefnet"},
        {"version": "v2-bf16"},
        {"version": "v1-f32"},
    ],
    ids=lambda other: " ".join(map(str, other)),
)
def test_every_part_of_a_key_counts(other: dict[str, object]) -> None:
    changed = replace(KEY, **other)  # type: ignore[arg-type]
    assert changed != KEY
    assert changed.digest != KEY.digest
    assert replace(KEY).digest == KEY.digest
    assert KEY.owner not in KEY.digest


def test_packing_loses_nothing() -> None:
    mask = np.random.default_rng(0).integers(0, 256, (1024, 1024), np.uint8)
    assert (unpack(pack(mask), 1024) == mask).all()
    assert len(pack(np.zeros((1024, 1024), np.uint8))) < 10_000


@pytest.mark.parametrize(
    "change", [lambda b: b[:-9], lambda b: b[:9] + b"!" + b[10:], lambda b: b""]
)
def test_damaged_masks_are_noticed(change: object) -> None:
    packed = pack(np.arange(64, dtype=np.uint8).reshape(8, 8))
    with pytest.raises(ValueError, match="mask"):
        unpack(change(packed), 8)  # type: ignore[operator]
    for side in (7, 9):
        with pytest.raises(ValueError, match="mask"):
            unpack(packed, side)
