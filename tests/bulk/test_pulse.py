import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.accounts import database
from gateway.bulk import pulse
from gateway.bulk.pulse import Pulse
from gateway.bulk.worker_store import WorkerStore


@pytest.fixture
def workers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[WorkerStore]:
    monkeypatch.setattr(pulse, "DEAD_AFTER_S", 0.5)
    monkeypatch.setattr(pulse, "INTERVAL_S", 0.3)
    engine = database.connect(f"sqlite:///{tmp_path / 'a.db'}")
    yield WorkerStore(engine)
    engine.dispose()


async def test_only_one_that_is_silent_for_long_is_dead(workers: WorkerStore) -> None:
    own = Pulse("own", workers)
    for name in ("own", "silent"):
        workers.beat(name)
    found = set()
    for _ in range(8):
        workers.beat("alive")
        found |= set(await own.dead())
        await asyncio.sleep(0.1)
    assert found == {"silent"}
    await own.forget("silent")
    assert await own.dead() == []


async def test_nobody_is_dead_right_after_an_outage(workers: WorkerStore) -> None:
    own = Pulse("own", workers)
    workers.beat("another")
    assert await own.dead() == []
    await asyncio.sleep(1)  # nobody could look, and nobody could beat
    assert await own.dead() == []


async def test_who_does_no_work_shows_no_life(workers: WorkerStore) -> None:
    await Pulse("", workers).beat()
    assert workers.beats() == {}
