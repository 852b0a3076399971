"""`model` and GET /v1/models: which models callers see, and get."""

from collections.abc import AsyncIterator
from io import BytesIO

import numpy as np
import pytest
from clearbg.v1 import models_pb2
from PIL import Image
from prometheus_client import REGISTRY

from gateway.accounts.accounts import DEFAULT, AccountStore
from gateway.models.models import Models, ServedModel
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rpc.calls import Both, both

SIDES = {"isnet": 1024, "u2net": 320, "birefnet-hr": 2048}


@pytest.fixture
async def service(settings: Settings) -> AsyncIterator[Both]:
    models = Models(
        *(
            ServedModel(
                name,
                HalfModel(side),
                side=side,
                title=name.upper(),
                version=f"{name}-1",
                licence="MIT",
                non_commercial=name == "u2net",
            )
            for name, side in SIDES.items()
        ),
        default="isnet",
    )
    unlimited = {"rate_limit_requests_per_minute": 0, "key_cache_s": 0}
    async with both(models, settings.model_copy(update=unlimited)) as service:
        yield service


@pytest.mark.parametrize("name", SIDES)
@pytest.mark.parametrize("size", [(200, 100), (30, 20), (700, 350)], ids=str)
async def test_each_model_sees_its_own_side_and_gives_the_same_cut_out(
    service: Both, photo: Photo, name: str, size: tuple[int, int]
) -> None:
    """All of these find the left half, whatever their side is."""
    client = service.http.client
    files = {"image": photo(*size, format_="JPEG", quality=95)}
    answer = await client.post("/v1/removebg", files=files, data={"model": name})
    assert answer.headers["x-model"] == name, answer.text
    usual = await client.post("/v1/removebg", files=files)
    assert usual.headers["x-model"] == "isnet"
    mine, theirs = (
        np.asarray(Image.open(BytesIO(each.content))).astype(int) for each in (answer, usual)
    )
    soft = 2 * max(2, size[0] // 300)  # a smaller mask has a softer edge
    middle = size[0] // 2
    far = np.abs(np.arange(size[0]) - middle) > soft
    assert np.abs(mine - theirs)[:, far].max() <= 1


async def test_the_models_are_listed_with_what_callers_need(service: Both, photo: Photo) -> None:
    answer = await service.http.client.get("/v1/models")
    listed = answer.json()["models"]
    assert listed[0] == {
        "name": "isnet",
        "title": "ISNET",
        "version": "isnet-1",
        "licence": "MIT",
        "non_commercial": False,
        "default": True,
        "devices": ["cpu"],
        "seconds_per_image": None,
    }
    assert [each["name"] for each in listed if each["non_commercial"]] == ["u2net"]
    by_grpc = await service.stub.ListModels(
        models_pb2.ListModelsRequest(), metadata=service.metadata()
    )
    assert [each.name for each in by_grpc.models] == [each["name"] for each in listed]
    assert by_grpc.models[0].default
    assert not by_grpc.models[0].HasField("seconds_per_image")


async def test_the_list_needs_a_key(service: Both) -> None:
    answer = await service.http.client.get("/v1/models", headers={"X-API-Key": "wrong"})
    assert answer.status_code == 401


async def test_an_account_sees_and_gets_only_its_models(service: Both, photo: Photo) -> None:
    client, files = service.http.client, {"image": photo()}
    AccountStore(service.http.engine).restrict(DEFAULT, ["u2net", "gone"])
    listed = (await client.get("/v1/models")).json()["models"]
    assert [(each["name"], each["default"]) for each in listed] == [("u2net", True)]
    answer = await client.post("/v1/removebg", files=files, data={"model": "isnet"})
    assert answer.status_code == 400
    assert (answer.json()["field"], answer.json()["detail"]) == (
        "model",
        "model must be one of u2net.",
    )
    answer = await client.post("/v1/removebg", files=files)
    assert answer.headers["x-model"] == "u2net"
    AccountStore(service.http.engine).restrict(DEFAULT, None)
    assert len((await client.get("/v1/models")).json()["models"]) == len(SIDES)


async def test_images_and_seconds_are_counted_by_model(service: Both, photo: Photo) -> None:
    def counted(name: str, **labels: str) -> float:
        labels |= {"model": "u2net", "model_version": HalfModel.version}
        return REGISTRY.get_sample_value(name, labels) or 0.0

    images = counted("clearbg_images_total", device="cpu")
    seconds = counted("clearbg_model_seconds_total")
    await service.http.client.post(
        "/v1/removebg", files={"image": photo()}, data={"model": "u2net"}
    )
    assert counted("clearbg_images_total", device="cpu") == images + 1
    assert counted("clearbg_model_seconds_total") > seconds
