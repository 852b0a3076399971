"""A job's progress, as it happens."""

import asyncio
import json
from typing import Any
from unittest.mock import Mock

import pytest

from gateway.places import Places
from tests.bulk.conftest import Bulk, accepted, images
from tests.half_model import HalfModel
from tests.rest.cases import Photo

Event = tuple[str, str, dict[str, Any]]


async def events(bulk: Bulk, job_id: str, last_id: str = "") -> list[Event]:
    """All that comes until the end: kind, id and data."""
    headers = {"Last-Event-ID": last_id} if last_id else {}
    answer = await bulk.client.get(f"/v1/bulk/{job_id}/events", headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/event-stream")
    found = []
    for block in answer.text.split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if ": " in line[1:])
        if fields:
            found.append((fields["event"], fields["id"], json.loads(fields["data"])))
    return found


async def test_each_image_is_told_once_and_then_the_end(
    bulk: Bulk, model: HalfModel, photo: Photo
) -> None:
    model.delay_s = 0.3
    whole = photo(60, 60)
    job_id = await accepted(bulk, images(whole, whole[: len(whole) // 2], whole, whole, whole))
    told = await events(bulk, job_id)
    assert [kind for kind, _, _ in told] == ["image"] * 5 + ["end"]
    job = await bulk.job(job_id)
    images_told = sorted((data for _, _, data in told[:5]), key=lambda data: data["index"])
    assert images_told == job["items"]
    assert told[-1][2] == {name: value for name, value in job.items() if name != "items"}


async def test_it_goes_on_where_it_broke_off(bulk: Bulk, photo: Photo) -> None:
    job_id = await accepted(bulk, images(*[photo()] * 4))
    told = await events(bulk, job_id)
    for known in range(len(told)):
        later = await events(bulk, job_id, told[known][1])
        assert later == (told[known + 1 :] or told[-1:])
    assert await events(bulk, job_id, "no id of ours") == told


async def test_it_ends_when_the_service_stops(bulk: Bulk, model: HalfModel, photo: Photo) -> None:
    model.delay_s = 2
    job_id = await accepted(bulk, images(photo()))
    bulk.intake.stop()
    assert await events(bulk, job_id) == []


async def test_nobody_else_sees_them(bulk: Bulk, photo: Photo) -> None:
    job_id = await accepted(bulk, images(photo()))
    bulk.as_another_account()
    answer = await bulk.client.get(f"/v1/bulk/{job_id}/events")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-job")


async def test_however_many_watch_the_database_is_asked_once(
    bulk: Bulk, model: HalfModel, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    model.delay_s = 1.5
    job_id = await accepted(bulk, images(photo()))
    find = Mock(side_effect=bulk.intake.jobs.find)
    monkeypatch.setattr(bulk.intake.jobs, "find", find)
    told = await asyncio.gather(*(events(bulk, job_id) for _ in range(30)))
    assert all(one == told[0] and len(one) == 2 for one in told)
    assert find.call_count < 30 + 15  # each one's first look, and what they share


async def test_so_many_may_watch_and_no_more(
    bulk: Bulk, model: HalfModel, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk.intake, "_watchers", Places(2, "callers watch jobs"))
    model.delay_s = 3
    job_id = await accepted(bulk, images(photo()))
    first = asyncio.create_task(events(bulk, job_id))
    await asyncio.sleep(0.2)
    answer = await bulk.client.get(f"/v1/bulk/{job_id}/events")
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/overloaded")
    assert len(await first) == 2
