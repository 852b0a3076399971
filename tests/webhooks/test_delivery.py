"""How accounts are told of a job's end."""

import asyncio
from typing import Any

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.settings import Settings
from gateway.webhooks import courier
from tests.bulk.conftest import Bulk, accepted, application, images
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until
from tests.webhooks.endpoint import Endpoint


async def told(bulk: Bulk, endpoint: Endpoint, photo: Photo, count: int = 1) -> str:
    """A job whose end the endpoint was told of; gives the delivery's id."""
    job_id = await accepted(bulk, images(photo()), webhook_url=endpoint.url)
    await until(lambda: len(endpoint.received) >= count, 20)
    return job_id.replace("job_", "evt_")


async def delivery(bulk: Bulk, id_: str, status: str) -> dict[str, Any]:
    """What the log says of a delivery, once it has a status."""

    async def now() -> dict[str, Any]:
        answer = await bulk.client.get(f"/v1/webhooks/deliveries/{id_}")
        found: dict[str, Any] = answer.raise_for_status().json()
        return found

    await until(lambda: _status(bulk, id_) == status, 20)
    return await now()


def _status(bulk: Bulk, id_: str) -> str:
    found = bulk.intake.webhooks._deliveries.find(id_)
    return found.status if found else "missing"


async def secret(bulk: Bulk) -> str:
    found: str = (await bulk.client.get("/v1/webhooks/secret")).json()["secret"]
    return found


async def test_a_jobs_end_is_told_once_and_can_be_verified(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    id_ = await told(bulk, endpoint, photo)
    message = endpoint.verified(await secret(bulk))
    assert message["type"] == "bulk.completed"
    job = await bulk.job(message["data"]["job_id"])
    assert message["timestamp"] == job["finished_at"]
    assert message["data"] == {name: value for name, value in job.items() if name != "items"}
    said = await delivery(bulk, id_, "delivered")
    assert (said["job_id"], said["url"], len(said["attempts"])) == (
        job["job_id"],
        endpoint.url,
        1,
    )
    assert endpoint.ids == [id_]
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "a" * 32).verify(endpoint.received[0][1], endpoint.received[0][0])


async def test_what_was_not_taken_is_sent_again_with_the_same_id(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [500, 302]
    endpoint.headers = {"Location": endpoint.url}
    id_ = await told(bulk, endpoint, photo, count=2)
    said = await delivery(bulk, id_, "pending")
    assert [attempt["status"] for attempt in said["attempts"]] == [500, 302]
    assert endpoint.ids == [id_, id_]  # the redirect was not followed
    assert endpoint.verified(await secret(bulk), 1) == endpoint.verified(await secret(bulk), 0)


async def test_a_restart_goes_on_with_what_waits(
    model: HalfModel, settings: Settings, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [503]
    async with application(model, settings) as bulk:
        id_ = await told(bulk, endpoint, photo)
        await until(lambda: len(_attempts(bulk, id_)) == 1)
    async with application(model, settings) as bulk:
        said = await delivery(bulk, id_, "delivered")
    assert [attempt["status"] for attempt in said["attempts"]] == [503, 200]
    assert endpoint.ids == [id_, id_]


def _attempts(bulk: Bulk, id_: str) -> tuple[dict[str, Any], ...]:
    found = bulk.intake.webhooks._deliveries.find(id_)
    return found.attempts if found else ()


async def test_an_endpoint_that_wants_no_more_gets_none_until_one_is_redelivered(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [410]
    first = await told(bulk, endpoint, photo)
    await delivery(bulk, first, "disabled")
    second = (await accepted(bulk, images(photo()), webhook_url=endpoint.url)).replace("job", "evt")
    assert (await delivery(bulk, second, "disabled"))["attempts"] == []
    again = await bulk.client.post(f"/v1/webhooks/deliveries/{second}/redeliver")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    await delivery(bulk, second, "delivered")
    third = await told(bulk, endpoint, photo, count=3)
    await delivery(bulk, third, "delivered")
    assert endpoint.ids == [first, second, third]


async def test_for_a_day_both_secrets_sign(bulk: Bulk, endpoint: Endpoint, photo: Photo) -> None:
    old = await secret(bulk)
    rotated = (await bulk.client.post("/v1/webhooks/secret/rotate")).json()
    assert rotated["secret"] == await secret(bulk) != old
    assert rotated["previous_until"]
    await told(bulk, endpoint, photo)
    assert endpoint.verified(old) == endpoint.verified(rotated["secret"])


async def test_a_canceled_job_is_told_and_a_deleted_one_is_not(
    bulk: Bulk, model: HalfModel, endpoint: Endpoint, photo: Photo
) -> None:
    model.delay_s = 0.5
    first, second, third = [
        await accepted(bulk, images(photo()), webhook_url=endpoint.url) for _ in range(3)
    ]
    await bulk.client.delete(f"/v1/bulk/{second}")
    await bulk.client.post(f"/v1/bulk/{third}/cancel")
    await until(lambda: len(endpoint.received) == 2, 20)
    messages = [endpoint.verified(await secret(bulk), number) for number in (0, 1)]
    said = {message["data"]["job_id"]: message["type"] for message in messages}
    assert said == {first: "bulk.completed", third: "bulk.canceled"}
    assert _status(bulk, second.replace("job", "evt")) == "missing"
    await bulk.client.delete(f"/v1/bulk/{third}")
    assert _status(bulk, third.replace("job", "evt")) == "missing"


async def test_where_webhooks_are_off_none_is_sent(
    model: HalfModel, settings: Settings, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [500]
    async with application(model, settings) as bulk:
        id_ = await told(bulk, endpoint, photo)
    off = settings.model_copy(update={"webhooks": "off"})
    async with application(model, off) as bulk:
        await asyncio.sleep(6)
        again = await bulk.client.post(f"/v1/webhooks/deliveries/{id_}/redeliver")
        assert again.status_code == 400
    assert len(endpoint.received) == 1


@pytest.mark.parametrize("id_", ["evt_0", "%00", "x" * 3000])
async def test_what_is_no_delivery_is_told(bulk: Bulk, id_: str) -> None:
    answer = await bulk.client.get(f"/v1/webhooks/deliveries/{id_}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-delivery")


async def test_private_addresses_are_not_reached(
    model: HalfModel, strict: Settings, endpoint: Endpoint, photo: Photo
) -> None:
    async with application(model, strict) as bulk:
        job_id = await accepted(bulk, images(photo()), webhook_url=endpoint.url)
        id_ = job_id.replace("job", "evt")
        await until(lambda: len(_attempts(bulk, id_)) == 1, 20)
        (attempt,) = (await delivery(bulk, id_, "pending"))["attempts"]
    assert attempt["status"] is None
    assert "public internet" in attempt["error"]
    assert endpoint.received == []


async def test_nobody_else_sees_a_delivery_or_the_secret(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    id_ = await told(bulk, endpoint, photo)
    mine = await secret(bulk)
    bulk.as_another_account()
    for method, path in (("GET", ""), ("POST", "/redeliver")):
        answer = await bulk.client.request(method, f"/v1/webhooks/deliveries/{id_}{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-delivery")
    assert (await bulk.client.get("/v1/webhooks/deliveries")).json()["deliveries"] == []
    assert await secret(bulk) != mine


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("ftp://example.com", "URL"),
        ("http://", "URL"),
        ("http://[", "URL"),
        ("http://a:b", "URL"),
        (f"http://a/{'b' * 2050}", "URL"),
    ],
)
async def test_what_is_no_url_is_refused(bulk: Bulk, photo: Photo, url: str, says: str) -> None:
    answer = await bulk.client.post("/v1/bulk", files=images(photo()), data={"webhook_url": url})
    assert (answer.status_code, answer.json()["field"]) == (400, "webhook_url")
    assert says in answer.json()["detail"]


async def test_where_webhooks_are_off_that_is_said(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    off = settings.model_copy(update={"webhooks": "off"})
    async with application(model, off) as bulk:
        answer = await bulk.client.post(
            "/v1/bulk", files=images(photo()), data={"webhook_url": "https://a.example"}
        )
    assert (answer.status_code, answer.json()["field"]) == (400, "webhook_url")


def test_attempts_are_spread_over_three_days() -> None:
    for tries, planned_s in enumerate(courier.PAUSES_S, 1):
        assert planned_s <= courier.pause_s(tries, 0) <= planned_s * 1.1
    assert len(courier.PAUSES_S) == 9
    assert 75 * 3600 < sum(courier.PAUSES_S) < 76 * 3600
    assert courier.pause_s(1, told_s=600) >= 600
    assert courier.pause_s(1, told_s=1e9) <= 1.1 * 24 * 3600
