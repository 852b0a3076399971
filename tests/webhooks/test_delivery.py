"""How accounts are notified when a job has ended."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session
from standardwebhooks import Webhook, WebhookVerificationError

from gateway.accounts import database
from gateway.settings import Settings
from gateway.webhooks import retries
from gateway.webhooks.tables import DeliveryRow
from tests.bulk.conftest import Bulk, application, images, submit
from tests.half_model import HalfModel
from tests.rest.cases import Photo
from tests.waiting import until
from tests.webhooks.endpoint import Endpoint

pytestmark = pytest.mark.real


async def submit_and_wait(bulk: Bulk, endpoint: Endpoint, photo: Photo, count: int = 1) -> str:
    """Wait until the endpoint has received `count` webhooks; return the new job's delivery ID."""
    job_id = await submit(bulk, images(photo()), webhook_url=endpoint.url)
    await until(lambda: len(endpoint.received) >= count)
    return job_id.replace("job_", "evt_")


async def delivery(bulk: Bulk, id_: str, status: str) -> dict[str, Any]:
    """Wait until a delivery has a status, and return its entry in the log."""

    async def now() -> dict[str, Any]:
        answer = await bulk.client.get(f"/v1/webhooks/deliveries/{id_}")
        stored: dict[str, Any] = answer.raise_for_status().json()
        return stored

    await until(lambda: _status(bulk, id_) == status)
    return await now()


def _status(bulk: Bulk, id_: str) -> str:
    stored = bulk.services.webhooks._deliveries.find(id_)
    return stored.status if stored else "missing"


async def secret(bulk: Bulk) -> str:
    stored: str = (await bulk.client.get("/v1/webhooks/secret")).json()["secret"]
    return stored


async def test_the_end_of_a_job_is_sent_once_and_can_be_verified(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    id_ = await submit_and_wait(bulk, endpoint, photo)
    message = endpoint.verified(await secret(bulk))
    assert message["type"] == "bulk.completed"
    job = await bulk.get(message["data"]["job_id"])
    assert message["timestamp"] == job["finished_at"]
    assert message["data"] == {name: value for name, value in job.items() if name != "items"}
    entry = await delivery(bulk, id_, "delivered")
    assert (entry["job_id"], entry["url"], len(entry["attempts"])) == (
        job["job_id"],
        endpoint.url,
        1,
    )
    assert endpoint.ids == [id_]
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "a" * 32).verify(endpoint.received[0][1], endpoint.received[0][0])


@pytest.mark.usefixtures("fast_retries")
async def test_a_failed_webhook_is_sent_again_with_the_same_id(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [500, 302]
    endpoint.headers = {"Location": endpoint.url}
    id_ = await submit_and_wait(bulk, endpoint, photo, count=2)
    await until(lambda: len(_attempts(bulk, id_)) == 2)
    entry = await delivery(bulk, id_, "pending")
    assert [attempt["status"] for attempt in entry["attempts"]] == [500, 302]
    assert endpoint.ids == [id_, id_]  # the redirect was not followed
    assert endpoint.verified(await secret(bulk), 1) == endpoint.verified(await secret(bulk), 0)


async def test_pending_webhooks_are_sent_after_a_restart(
    model: HalfModel, settings: Settings, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [503]
    async with application(model, settings) as bulk:
        id_ = await submit_and_wait(bulk, endpoint, photo)
        await until(lambda: len(_attempts(bulk, id_)) == 1)
    make_due(settings)
    async with application(model, settings) as bulk:
        entry = await delivery(bulk, id_, "delivered")
    assert [attempt["status"] for attempt in entry["attempts"]] == [503, 200]
    assert endpoint.ids == [id_, id_]


def make_due(settings: Settings) -> None:
    """Make the next attempt of all deliveries due, while no service runs."""
    engine = database.connect(settings.database)
    with Session(engine) as session, session.begin():
        session.execute(update(DeliveryRow).values(due_at=datetime.now(UTC)))
    engine.dispose()


def _attempts(bulk: Bulk, id_: str) -> tuple[dict[str, Any], ...]:
    stored = bulk.services.webhooks._deliveries.find(id_)
    return stored.attempts if stored else ()


async def test_an_endpoint_that_answers_410_gets_no_webhooks_until_a_redelivery(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [410]
    first = await submit_and_wait(bulk, endpoint, photo)
    await delivery(bulk, first, "disabled")
    second = (await submit(bulk, images(photo()), webhook_url=endpoint.url)).replace("job", "evt")
    assert (await delivery(bulk, second, "disabled"))["attempts"] == []
    again = await bulk.client.post(f"/v1/webhooks/deliveries/{second}/redeliver")
    assert (again.status_code, again.json()["status"]) == (202, "pending")
    await delivery(bulk, second, "delivered")
    third = await submit_and_wait(bulk, endpoint, photo, count=3)
    await delivery(bulk, third, "delivered")
    assert endpoint.ids == [first, second, third]


async def test_both_secrets_sign_after_a_rotation(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    old = await secret(bulk)
    rotated = (await bulk.client.post("/v1/webhooks/secret/rotate")).json()
    assert rotated["secret"] == await secret(bulk) != old
    assert rotated["previous_until"]
    await submit_and_wait(bulk, endpoint, photo)
    assert endpoint.verified(old) == endpoint.verified(rotated["secret"])


async def test_a_canceled_job_is_reported_and_a_deleted_one_is_not(
    bulk: Bulk, model: HalfModel, endpoint: Endpoint, photo: Photo
) -> None:
    model.most = 0
    first, second, third = [
        await submit(bulk, images(photo()), webhook_url=endpoint.url) for _ in range(3)
    ]
    await bulk.client.delete(f"/v1/bulk/{second}")
    await bulk.client.post(f"/v1/bulk/{third}/cancel")
    model.most = 1
    await until(lambda: len(endpoint.received) == 2)
    messages = [endpoint.verified(await secret(bulk), number) for number in (0, 1)]
    types = {message["data"]["job_id"]: message["type"] for message in messages}
    assert types == {first: "bulk.completed", third: "bulk.canceled"}
    assert _status(bulk, second.replace("job", "evt")) == "missing"
    await bulk.client.delete(f"/v1/bulk/{third}")
    assert _status(bulk, third.replace("job", "evt")) == "missing"


async def test_no_webhook_is_sent_while_webhooks_are_off(
    model: HalfModel, settings: Settings, endpoint: Endpoint, photo: Photo
) -> None:
    endpoint.statuses = [500]
    async with application(model, settings) as bulk:
        id_ = await submit_and_wait(bulk, endpoint, photo)
        await until(lambda: len(_attempts(bulk, id_)) == 1)
    make_due(settings)
    off = settings.model_copy(update={"webhooks": "off"})
    async with application(model, off) as bulk:
        await asyncio.sleep(1)  # the second attempt is due: where webhooks are on, it is sent
        again = await bulk.client.post(f"/v1/webhooks/deliveries/{id_}/redeliver")
        assert again.status_code == 400
    assert len(endpoint.received) == 1


@pytest.mark.parametrize("id_", ["evt_0", "%00", "x" * 3000])
async def test_an_unknown_delivery_is_reported_as_not_found(bulk: Bulk, id_: str) -> None:
    answer = await bulk.client.get(f"/v1/webhooks/deliveries/{id_}")
    assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-delivery")


async def test_private_addresses_are_not_reached(
    model: HalfModel, strict: Settings, endpoint: Endpoint, photo: Photo
) -> None:
    async with application(model, strict) as bulk:
        job_id = await submit(bulk, images(photo()), webhook_url=endpoint.url)
        id_ = job_id.replace("job", "evt")
        await until(lambda: len(_attempts(bulk, id_)) == 1)
        (attempt,) = (await delivery(bulk, id_, "pending"))["attempts"]
    assert attempt["status"] is None
    assert "public internet" in attempt["error"]
    assert endpoint.received == []


async def test_deliveries_and_secrets_are_hidden_from_other_accounts(
    bulk: Bulk, endpoint: Endpoint, photo: Photo
) -> None:
    id_ = await submit_and_wait(bulk, endpoint, photo)
    own_secret = await secret(bulk)
    bulk.switch_account()
    for method, path in (("GET", ""), ("POST", "/redeliver")):
        answer = await bulk.client.request(method, f"/v1/webhooks/deliveries/{id_}{path}")
        assert (answer.status_code, answer.json()["type"]) == (404, "/problems/no-delivery")
    assert (await bulk.client.get("/v1/webhooks/deliveries")).json()["deliveries"] == []
    assert await secret(bulk) != own_secret


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        ("ftp://example.com", "URL"),
        ("http://", "URL"),
        ("http://[", "URL"),
        ("http://a:b", "URL"),
        (f"http://a/{'b' * 2050}", "URL"),
    ],
)
async def test_an_invalid_url_is_rejected(bulk: Bulk, photo: Photo, url: str, hint: str) -> None:
    answer = await bulk.client.post("/v1/bulk", files=images(photo()), data={"webhook_url": url})
    assert (answer.status_code, answer.json()["field"]) == (400, "webhook_url")
    assert hint in answer.json()["detail"]


async def test_a_webhook_url_is_rejected_while_webhooks_are_off(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    off = settings.model_copy(update={"webhooks": "off"})
    async with application(model, off) as bulk:
        answer = await bulk.client.post(
            "/v1/bulk", files=images(photo()), data={"webhook_url": "https://a.example"}
        )
    assert (answer.status_code, answer.json()["field"]) == (400, "webhook_url")


def test_attempts_are_spread_over_three_days() -> None:
    for tries, scheduled_s in enumerate(retries.RETRY_DELAYS_S, 1):
        assert scheduled_s <= retries.retry_delay_s(tries, 0) <= scheduled_s * 1.1
    assert len(retries.RETRY_DELAYS_S) == 9
    assert 75 * 3600 < sum(retries.RETRY_DELAYS_S) < 76 * 3600
    assert retries.retry_delay_s(1, retry_after_s=600) >= 600
    assert retries.retry_delay_s(1, retry_after_s=1e9) <= 1.1 * 24 * 3600
