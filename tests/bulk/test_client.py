"""The Python client for bulk jobs, against the service around the fake model."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from gateway.client import AsyncBulkClient, AsyncClient, BulkJob, Problem, RemovalOptions
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
    intact = photo(40, 30)
    paths = [tmp_path / "ä.png", tmp_path / "cut.png"]
    for path, data in zip(paths, (intact, intact[: len(intact) // 2]), strict=True):
        path.write_bytes(data)
    return paths


async def ended(client: AsyncBulkClient, job_id: str) -> BulkJob:
    async with asyncio.timeout(60):
        while not (job := await client.get(job_id)).ended:
            assert job.poll_after_s == 2
            await asyncio.sleep(0.05)
    return job


async def test_a_job_from_upload_to_result(
    service: Listening, client: AsyncBulkClient, images: list[Path], photo: Photo
) -> None:
    options: RemovalOptions = {
        "size": "20x20",
        "bg_image": photo(9, 9),
        "mask": photo(30, 9),
        "trimap": photo(9, 30),
        "feather": "2px",
    }
    job_id = await client.create(images, **options)
    job = await ended(client, job_id)
    assert (job.id, job.status, job.poll_after_s) == (job_id, "partial", None)
    assert [(image.number, image.name, image.status) for image in job.images] == [
        (0, "ä.png", "succeeded"),
        (1, "cut.png", "failed"),
    ]
    assert "cut short" in job.images[1].problem
    async with AsyncClient(service.url, service.new_key()) as single_client:
        single = await single_client.remove(images[0].read_bytes(), **options)
    assert await client.result(job_id, 0) == single.image
    with pytest.raises(Problem, match="no result") as rejected:
        await client.result(job_id, 1)
    assert rejected.value.slug == "no-result"


async def test_a_canceled_job_starts_no_further_image(
    client: AsyncBulkClient, model: HalfModel, images: list[Path]
) -> None:
    model.most = 2
    job_id = await client.create(images[:1] * 20)
    await client.cancel(job_id)
    model.most = 20
    job = await ended(client, job_id)
    assert job.status == "canceled"
    assert any(image.status == "canceled" for image in job.images)


async def test_an_unknown_job_or_option_is_reported(
    client: AsyncBulkClient, images: list[Path]
) -> None:
    for call in (client.get("job_x"), client.result("job_x", 0), client.cancel("job_x")):
        with pytest.raises(Problem) as rejected:
            await call
        assert rejected.value.slug == "no-job"
    with pytest.raises(Problem, match="size must be"):
        await client.create(images, size="big")
    with pytest.raises(TypeError, match="no option huge"):
        await client.create(images, huge=True)  # type: ignore[call-arg]


async def test_a_repeated_upload_keeps_its_idempotency_key(
    service: Listening, images: list[Path]
) -> None:
    with relaying(service.http_port) as relay:
        relay.lose = 1
        async with AsyncBulkClient(relay.url, service.new_key()) as client:
            first = await client.create(images, idempotency_key="mine")
            await client.create(images)
            assert (await client.get(first)).images
    assert relay.keys[:2] == ["mine", "mine"]
    assert len(set(relay.keys)) == 2


def test_only_http_urls_are_accepted() -> None:
    for url in ("grpc://127.0.0.1:50051", "127.0.0.1:8080"):
        with pytest.raises(ValueError, match="bulk jobs go over HTTP"):
            AsyncBulkClient(url, "k")
