"""One account's masks serve all transports, and no other account."""

import pytest

from gateway.accounts.accounts import AccountStore
from gateway.accounts.keys import KeyStore
from gateway.settings import Settings
from tests.bulk.conftest import application, images, submit
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rpc.calls import both, message


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return settings.model_copy(update={"mask_cache_mb": 64})


async def test_http_and_grpc_know_each_others_images(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    async with both(model, settings) as gateway:
        post = gateway.http.client.post
        first = await post("/v1/removebg", files={"image": photo()})
        assert first.headers["x-device"] == "cpu"
        again = await post("/v1/removebg", files={"image": photo()})
        assert again.headers["x-device"] == "cache"
        assert again.content == first.content
        timing = [part.split(";")[0] for part in again.headers["server-timing"].split(", ")]
        assert timing == ["decode", "cache", "compose", "encode"]
        assert again.headers["x-model-version"] == "half-1"
        said = message({"files": {"image": photo()}, "data": {}})
        assert said
        by_grpc = (await gateway.call(said)).result
        assert (by_grpc.image, by_grpc.device) == (first.content, "cache")
        assert [stage.stage for stage in by_grpc.stages] == timing
        assert model.calls == 1
        assert await gateway.http.charged() == 3, "a known image is charged too"
        another = AccountStore(gateway.http.engine).create("another")
        _, secret = KeyStore(gateway.http.engine).create("theirs", another.id)
        theirs = await post("/v1/removebg", files={"image": photo()}, headers={"X-API-Key": secret})
        assert theirs.headers["x-device"] == "cpu"
        same = gateway.http.new_key()
        ours = await post("/v1/removebg", files={"image": photo()}, headers={"X-API-Key": same})
        assert ours.headers["x-device"] == "cache", "another key of the same account"
        assert model.calls == 2


@pytest.mark.real
async def test_bulk_jobs_know_the_accounts_images_and_no_others(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    async with application(model, settings) as bulk:
        single = await bulk.client.post("/v1/removebg", files={"image": photo()})
        job = await bulk.wait_until_ended(await submit(bulk, images(photo(), photo())))
        assert model.calls == 1
        for item in job["items"]:
            assert (await bulk.client.get(item["result_url"])).content == single.content
        bulk.switch_account()
        await bulk.wait_until_ended(await submit(bulk, images(photo(), photo())))
        assert model.calls == 2, "equal images of one job share an inference"
