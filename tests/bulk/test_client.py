"""Our own client of bulk jobs, against the service around the fake model."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.client import AsyncBulkClient, AsyncClient, BulkJob, Problem
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import Listening, listening
from tests.rest.cases import Photo
from tests.servers.relay import relaying


@pytest.fixture
def service(model: HalfModel, settings: Settings) -> Iterator[Listening]:
    with listening(model, settings, jobs=True) as service:
        yield service


@pytest.fixture
async def client(service: Listening) -> AsyncIterator[AsyncBulkClient]:
    async with AsyncBulkClient(service.url, service.new_key()) as client:
        yield client


@pytest.fixture
def images(tmp_path: Path, photo: Photo) -> list[Path]:
    whole = photo(40, 30)
    paths = [tmp_path / "ä.png", tmp_path / "cut.png"]
    for path, data in zip(paths, (whole, whole[: len(whole) // 2]), strict=True):
        path.write_bytes(data)
    return paths


async def ended(client: AsyncBulkClient, job_id: str) -> BulkJob:
    async with asyncio.timeout(20):
        while not (job := await client.get(job_id)).ended:
            assert job.look_again_s == 2
            await asyncio.sleep(0.05)
    return job


async def test_a_job_from_upload_to_result(
    service: Listening, client: AsyncBulkClient, images: list[Path], photo: Photo
) -> None:
    behind = photo(9, 9)
    job_id = await client.create(images, size="20x20", bg_image=behind)
    job = await ended(client, job_id)
    assert (job.id, job.status, job.look_again_s) == (job_id, "partial", None)
    assert [(image.number, image.name, image.status) for image in job.images] == [
        (0, "ä.png", "succeeded"),
        (1, "cut.png", "failed"),
    ]
    assert "cut short" in job.images[1].problem
    async with AsyncClient(service.url, service.new_key()) as one:
        alone = await one.remove(images[0].read_bytes(), size="20x20", bg_image=behind)
    assert await client.result(job_id, 0) == alone.image
    with pytest.raises(Problem, match="no result") as refused:
        await client.result(job_id, 1)
    assert refused.value.slug == "no-result"


async def test_a_canceled_job_begins_no_further_image(
    client: AsyncBulkClient, model: HalfModel, images: list[Path]
) -> None:
    model.delay_s = 0.5
    job_id = await client.create(images[:1] * 20)
    await client.cancel(job_id)
    job = await ended(client, job_id)
    assert job.status == "canceled"
    assert any(image.status == "canceled" for image in job.images)


async def test_what_is_no_job_of_mine_is_told(client: AsyncBulkClient, images: list[Path]) -> None:
    for call in (client.get("job_x"), client.result("job_x", 0), client.cancel("job_x")):
        with pytest.raises(Problem) as refused:
            await call
        assert refused.value.slug == "no-job"
    with pytest.raises(Problem, match="size must be"):
        await client.create(images, size="big")
    with pytest.raises(TypeError, match="no option huge"):
        await client.create(images, huge=True)  # type: ignore[call-arg]


async def test_an_upload_is_repeated_under_its_key(service: Listening, images: list[Path]) -> None:
    with relaying(service.http_port) as relay:
        relay.lose = 1
        async with AsyncBulkClient(relay.url, service.new_key()) as client:
            first = await client.create(images, idempotency_key="mine")
            await client.create(images)
            assert (await client.get(first)).images
    assert relay.keys[:2] == ["mine", "mine"]
    assert len(set(relay.keys)) == 2


def test_only_urls_of_http_are_taken() -> None:
    for url in ("grpc://127.0.0.1:50051", "127.0.0.1:8080"):
        with pytest.raises(ValueError, match="bulk jobs go over HTTP"):
            AsyncBulkClient(url, "k")
