"""Test events, which accounts send to their own endpoints."""

import pytest

from gateway.settings import Settings
from tests.bulk.conftest import Bulk, application
from tests.half_model import HalfModel
from tests.webhooks.endpoint import Endpoint
from tests.webhooks.test_delivery import delivery, secret

pytestmark = pytest.mark.real


async def send_test(bulk: Bulk, url: str) -> str:
    """Request a test event over HTTP, and return its ID."""
    answer = await bulk.client.post("/v1/webhooks/test", json={"url": url})
    assert answer.status_code == 202, answer.text
    id_: str = answer.json()["id"]
    return id_


async def test_a_test_event_is_signed_and_logged(bulk: Bulk, endpoint: Endpoint) -> None:
    id_ = await send_test(bulk, endpoint.url)
    entry = await delivery(bulk, id_, "delivered")
    message = endpoint.verified(await secret(bulk))
    assert endpoint.ids == [id_]
    assert (message["type"], entry["type"], entry["job_id"]) == ("webhook.test",) * 2 + (None,)
    assert [attempt["status"] for attempt in entry["attempts"]] == [200]
    assert entry["next_attempt_at"] is None


async def test_a_test_event_is_not_sent_again_when_it_fails(
    bulk: Bulk, endpoint: Endpoint, fast_retries: None
) -> None:
    endpoint.statuses = [500]
    id_ = await send_test(bulk, endpoint.url)
    entry = await delivery(bulk, id_, "failed")
    assert [attempt["status"] for attempt in entry["attempts"]] == [500]
    assert entry["next_attempt_at"] is None


async def test_a_test_event_reaches_an_endpoint_that_had_answered_410(
    bulk: Bulk, endpoint: Endpoint
) -> None:
    endpoint.statuses = [410]
    await delivery(bulk, await send_test(bulk, endpoint.url), "disabled")
    await delivery(bulk, await send_test(bulk, endpoint.url), "delivered")


async def test_a_test_event_reaches_no_private_address(
    model: HalfModel, strict: Settings, endpoint: Endpoint
) -> None:
    async with application(model, strict) as bulk:
        entry = await delivery(bulk, await send_test(bulk, endpoint.url), "failed")
    assert "public internet" in entry["attempts"][0]["error"]
    assert endpoint.received == []


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ('{"url": "ftp://a"}', "url"),
        ('{"url": ""}', "url"),
        (r'{"url": "http://\ud800"}', "url"),
        ("{}", None),
        ("", None),
    ],
)
async def test_an_invalid_test_event_is_rejected(bulk: Bulk, body: str, field: str | None) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await bulk.client.post("/v1/webhooks/test", content=body, headers=headers)
    assert (answer.status_code, answer.json().get("field")) == (400, field)


async def test_no_test_event_is_sent_while_webhooks_are_off(
    model: HalfModel, settings: Settings, endpoint: Endpoint
) -> None:
    async with application(model, settings.model_copy(update={"webhooks": "off"})) as bulk:
        answer = await bulk.client.post("/v1/webhooks/test", json={"url": endpoint.url})
    assert (answer.status_code, answer.json()["field"]) == (400, "url")
