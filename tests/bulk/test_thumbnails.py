"""Small pictures of results."""

import asyncio
import json
from io import BytesIO
from unittest.mock import Mock

import numpy as np
import pytest
from PIL import Image
from sqlalchemy.orm import Session

from gateway.accounts.caller import Caller
from gateway.accounts.keys import KeyStore
from gateway.bulk import thumbnails as thumbnails_module
from gateway.bulk.storage import thumbnail_path
from gateway.bulk.tables import JobRow
from gateway.bulk.thumbnails import ThumbnailService
from gateway.errors import NoJob, NoResult, Overloaded
from gateway.images import thumbnail
from tests.bulk.conftest import Bulk, images, submit
from tests.rest.cases import Photo
from tests.waiting import until


def caller(bulk: Bulk) -> Caller:
    """The owner of the jobs that the client submits."""
    key = KeyStore(bulk.engine).list()[0]
    return Mock(spec=Caller, key=key)


async def finished(bulk: Bulk, *files: bytes, **options: str) -> str:
    job_id = await submit(bulk, images(*files), **options)
    await bulk.wait_until_ended(job_id)
    return job_id


def is_swept(bulk: Bulk, job_id: str) -> bool:
    with Session(bulk.engine) as session:
        return session.get(JobRow, job_id) is None


@pytest.fixture
def thumbnails(bulk: Bulk) -> ThumbnailService:
    return bulk.services.thumbnails


@pytest.mark.parametrize("format_", ["png", "webp", "jpg", "zip"])
async def test_a_thumbnail_is_the_result_made_small(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo, format_: str
) -> None:
    job_id = await finished(bulk, photo(400, 300), format=format_)
    small = Image.open(BytesIO(await thumbnails.get(job_id, 0, caller(bulk))))
    assert (small.format, small.size) == ("WEBP", (192, 144))
    left, right = np.asarray(small.convert("RGBA"))[72, [48, 144], 3]
    assert (left, right) == (255, 255 if format_ == "jpg" else 0)


@pytest.mark.parametrize("first", [{"size": "200x150"}, {"size": "200x150", "format": "zip"}])
async def test_the_first_of_several_variants_is_shown(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo, first: dict[str, str]
) -> None:
    variants = json.dumps([first, {"format": "jpg", "crop": "1"}])
    job_id = await finished(bulk, photo(400, 300), variants=variants)
    small = Image.open(BytesIO(await thumbnails.get(job_id, 0, caller(bulk))))
    assert (small.format, small.mode, small.size) == ("WEBP", "RGBA", (192, 144))


async def test_the_copies_of_a_zips_pictures_count_as_memory(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await finished(bulk, photo(), format="zip")
    admitted = Mock(side_effect=thumbnails._memory.admit)
    monkeypatch.setattr(thumbnails._memory, "admit", admitted)
    await thumbnails.get(job_id, 0, caller(bulk))
    (result,) = (item["size_bytes"] for item in (await bulk.get(job_id))["items"])
    admitted.assert_called_once_with(2 * result)


async def test_a_thumbnail_is_made_once_and_deleted_with_its_job(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await finished(bulk, photo())
    made = Mock(side_effect=thumbnail.encode)
    monkeypatch.setattr(thumbnail, "encode", made)
    first, second = await asyncio.gather(
        *(thumbnails.get(job_id, 0, caller(bulk)) for _ in range(2))
    )
    assert first == second == await thumbnails.get(job_id, 0, caller(bulk))
    assert made.call_count == 1
    stored = bulk.blobs / thumbnail_path(job_id, 0)
    assert stored.read_bytes() == first
    await bulk.client.delete(f"/v1/bulk/{job_id}")
    await until(lambda: not stored.exists())


async def test_what_has_no_picture_has_no_thumbnail(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo
) -> None:
    whole = photo()
    job_id = await finished(bulk, whole, whole[: len(whole) // 2])
    for number in (1, 2):  # a failed image, and none
        with pytest.raises(NoResult):
            await thumbnails.get(job_id, number, caller(bulk))


async def test_other_accounts_get_no_thumbnail(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo
) -> None:
    job_id = await finished(bulk, photo())
    stranger = Mock(spec=Caller, key=Mock(account_id=-1))
    await thumbnails.get(job_id, 0, caller(bulk))
    with pytest.raises(NoJob):
        await thumbnails.get(job_id, 0, stranger)


async def test_the_thumbnail_of_a_job_that_is_deleted_meanwhile_is_not_kept(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await finished(bulk, photo())
    put = bulk.storage.put

    async def put_late(path: str, data: bytes, media_type: str = "") -> None:
        await bulk.client.delete(f"/v1/bulk/{job_id}")
        await until(lambda: is_swept(bulk, job_id))
        await put(path, data, media_type)

    monkeypatch.setattr(bulk.storage, "put", put_late)
    with pytest.raises(NoJob):
        await thumbnails.get(job_id, 0, caller(bulk))
    assert not (bulk.blobs / job_id).exists()


async def test_waiting_for_a_thumbnail_ends(
    bulk: Bulk, thumbnails: ThumbnailService, photo: Photo, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = await finished(bulk, photo())
    monkeypatch.setattr(thumbnails_module, "TIMEOUT_S", 0.05)
    async with thumbnails._making:
        with pytest.raises(Overloaded):
            await thumbnails.get(job_id, 0, caller(bulk))
