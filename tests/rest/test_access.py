"""What is counted of every request."""

import asyncio

import httpx
import pytest
from prometheus_client import REGISTRY

from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.rest.gateway import Gateway, serving
from tests.waiting import until


def value(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def answered(route: str, status: str) -> float:
    return value("clearbg_requests_total", transport="http", route=route, status=status)


async def test_requests_are_counted_by_method_and_route(
    client: httpx.AsyncClient, photo: Photo
) -> None:
    before = answered("POST /v1/removebg", "200")
    await client.post("/v1/removebg", files={"image": photo()})
    assert answered("POST /v1/removebg", "200") == before + 1
    assert value("clearbg_request_seconds_count", transport="http", route="POST /v1/removebg")


@pytest.mark.parametrize(("method", "path"), [("GET", "/a/b"), ("ODD", "/v1/removebg")])
async def test_what_a_scanner_makes_up_makes_no_series(
    client: httpx.AsyncClient, method: str, path: str
) -> None:
    series = {
        sample.labels.get("route") for family in REGISTRY.collect() for sample in family.samples
    }
    await client.request(method, path)
    after = {
        sample.labels.get("route") for family in REGISTRY.collect() for sample in family.samples
    }
    assert after - series <= {"unmatched"}


async def test_what_is_under_way_and_what_was_refused_is_counted(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    model.delay_s = 0.5
    small = settings.model_copy(update={"max_megapixels_in_flight": 0.001})
    before = value("clearbg_refusals_total", by="pixels")
    async with serving(model, small) as gateway:
        send = [asyncio.create_task(_send(gateway, photo)) for _ in range(3)]
        await until(lambda: value("clearbg_requests_in_flight", transport="http") == 1)
        statuses = sorted([(await task).status_code for task in send])
    assert statuses == [200, 503, 503]
    assert value("clearbg_refusals_total", by="pixels") == before + 2
    assert value("clearbg_requests_in_flight", transport="http") == 0


async def _send(gateway: Gateway, photo: Photo) -> httpx.Response:
    return await gateway.client.post("/v1/removebg", files={"image": photo(60, 60)})
