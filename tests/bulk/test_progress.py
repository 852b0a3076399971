"""Server-sent events about the progress of a job."""

import asyncio
import json
from typing import Any
from unittest.mock import Mock

import pytest

from gateway.bulk.job_store import JobStore
from gateway.limits.receive_slots import ReceiveSlots
from tests.bulk.conftest import Bulk, images, submit
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until

Event = tuple[str, str, dict[str, Any]]


async def events(bulk: Bulk, job_id: str, last_id: str = "") -> list[Event]:
    """Watch a job until the stream ends; return kind, ID and data of each event."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    answer = await bulk.client.get(f"/v1/bulk/{job_id}/events", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    events_received = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line[1:])
        if fields:
            events_received.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return events_received


def spy_on_polls(bulk: Bulk, monkeypatch: pytest.MonkeyPatch) -> Mock:
    """Return a mock that counts how often watchers look at their jobs after the first time."""
    progress = bulk.services.progress
    polls = Mock(side_effect=progress._find_cached)
    monkeypatch.setattr(progress, "_find_cached", polls)
    return polls


async def test_the_stream_has_each_image_once_and_then_the_end(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.3
    intact = photo(60, 60)
    job_id = await submit(bulk, images(intact, intact[: len(intact) // 2], intact, intact, intact))
    stream = await events(bulk, job_id)
    assert [kind for kind, _, _ in stream] == ["image"] * 5 + ["end"]
    job = await bulk.get(job_id)
    items = sorted((data for _, _, data in stream[:5]), key=lambda data: data["index"])
    assert items == job["items"]
    assert stream[-1][2] == {name: value for name, value in job.items() if name != "items"}


async def test_the_stream_continues_after_the_last_event_id(bulk: Bulk, photo: Photo) -> None:
    job_id = await submit(bulk, images(*[photo()] * 4))
    stream = await events(bulk, job_id)
    for known in range(len(stream)):
        later = await events(bulk, job_id, stream[known][1])
        assert later == (stream[known + 1 :] or stream[-1:])
    assert await events(bulk, job_id, "invalid") == stream


async def test_the_stream_ends_when_the_service_stops(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.most = 0
    job_id = await submit(bulk, images(photo()))
    bulk.services.progress.stop()
    assert await events(bulk, job_id) == []
    model.most = 1


async def test_other_accounts_cannot_watch_a_job(bulk: Bulk, photo: Photo) -> None:
    job_id = await submit(bulk, images(photo()))
    bulk.switch_account()
    answer = await bulk.client.get(f"/v1/bulk/{job_id}/events")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-job")


async def test_all_watchers_of_a_job_share_its_queries(
    bulk: Bulk, model: HalfModel, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.most = 0
    job_id = await submit(bulk, images(photo()))
    find = Mock(side_effect=bulk.jobs.find)
    monkeypatch.setattr(JobStore, "find", find)
    polls = spy_on_polls(bulk, monkeypatch)
    watching = asyncio.gather(*(events(bulk, job_id) for _ in range(30)))
    await until(lambda: polls.call_count >= 3 * 30)
    assert find.call_count < 30 + 15  # one query per watcher at first, then shared ones
    model.most = 1
    streams = await watching
    assert all(stream == streams[0] and len(stream) == 2 for stream in streams)


async def test_watchers_beyond_the_limit_are_rejected(
    bulk: Bulk, model: HalfModel, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk.services.progress, "_slots", ReceiveSlots(2, "callers watch jobs"))
    model.most = 0
    job_id = await submit(bulk, images(photo()))
    polls = spy_on_polls(bulk, monkeypatch)
    first = asyncio.create_task(events(bulk, job_id))
    await until(lambda: polls.call_count > 0)
    answer = await bulk.client.get(f"/v1/bulk/{job_id}/events")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/overloaded")
    model.most = 1
    assert len(await first) == 2
