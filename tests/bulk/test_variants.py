"""Several results of each image of a job, over HTTP and gRPC."""

import json
import zipfile
from io import BytesIO

import pytest

from gateway.accounts.keys import KeyStore
from tests.bulk.conftest import Bulk
from tests.bulk.submissions import TRANSPORTS, Submission
from tests.half_model import HalfModel
from tests.rest.cases import Photo

VARIANTS = [{"size": "32x32"}, {"format": "jpg", "bg_color": "white"}]


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_the_result_of_an_image_is_a_zip_of_its_variants(
    bulk: Bulk, model: HalfModel, photo: Photo, transport: str
) -> None:
    texts = {"crop": "1", "variants": json.dumps(VARIANTS)}
    sent = [photo(60, 40), photo(50, 90)]
    outcome = await TRANSPORTS[transport](bulk, Submission(sent, texts))
    job = await bulk.wait_until_ended(outcome.job_id)
    assert job["status"] == "completed"
    assert model.calls == 2, "one inference an image"
    assert [key.images for key in KeyStore(bulk.engine).list()] == [2], "one credit an image"
    for item, image in zip(job["items"], sent, strict=True):
        assert item["media_type"] == "application/zip"
        stored = (await bulk.client.get(item["result_url"])).content
        single = await bulk.client.post("/v1/removebg", files={"image": image}, data=texts)
        assert stored == single.content
        assert zipfile.ZipFile(BytesIO(stored)).namelist() == ["variant-0.png", "variant-1.jpg"]
    archive = await bulk.client.get(job["archive_url"])
    assert zipfile.ZipFile(BytesIO(archive.content)).namelist() == ["photo_0.zip", "photo_1.zip"]


@pytest.mark.parametrize(
    ("variants", "shared", "field"),
    [
        ([{}, {"size": "big"}], {}, "variants[1].size"),
        ([{}, {"roi": "0 0 9 9"}], {}, "variants[1].roi"),
        ([{}] * 11, {}, "variants"),
        ([{}, {"bg_color": "red"}], {"bg_image": b""}, "variants[1].bg_color"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_both_transports_reject_a_wrong_variant_alike(
    bulk: Bulk, photo: Photo, variants: object, shared: dict[str, bytes], field: str
) -> None:
    files = dict.fromkeys(shared, photo())
    submission = Submission([photo()], {"variants": json.dumps(variants)}, shared=files)
    outcomes = [await submit(bulk, submission) for submit in TRANSPORTS.values()]
    assert outcomes[0] == outcomes[1]
    assert (outcomes[0].slug, outcomes[0].field) == ("bad-option", field)
