from collections.abc import Iterator
from pathlib import Path

import pytest

from gateway.accounts import database
from gateway.bulk import heartbeats
from gateway.bulk.heartbeats import Heartbeats
from gateway.bulk.worker_store import WorkerStore


class Clock:
    """Stands in for the module `time`: it is advanced by hand."""

    def __init__(self) -> None:
        self.now_s = 1000.0

    def monotonic(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(heartbeats, "time", clock)
    return clock


@pytest.fixture
def workers(tmp_path: Path) -> Iterator[WorkerStore]:
    engine = database.connect(f"sqlite:///{tmp_path / 'a.db'}")
    yield WorkerStore(engine)
    engine.dispose()


async def test_only_a_worker_without_heartbeats_is_dead(workers: WorkerStore, clock: Clock) -> None:
    observer = Heartbeats("own", workers)
    for name in ("own", "silent"):
        workers.store_heartbeat(name)
    dead = set()
    for _ in range(8):
        workers.store_heartbeat("alive")
        dead |= set(await observer.dead_workers())
        clock.now_s += heartbeats.INTERVAL_S
    assert dead == {"silent"}
    await observer.remove("silent")
    assert await observer.dead_workers() == []


async def test_no_worker_is_dead_right_after_an_outage(workers: WorkerStore, clock: Clock) -> None:
    observer = Heartbeats("own", workers)
    workers.store_heartbeat("another")
    assert await observer.dead_workers() == []
    clock.now_s += 2 * heartbeats.DEAD_AFTER_S  # no process could check or send heartbeats
    assert await observer.dead_workers() == []


async def test_a_process_that_does_no_work_sends_no_heartbeats(workers: WorkerStore) -> None:
    await Heartbeats("", workers).send()
    assert workers.last_heartbeats() == {}
