"""Limits as callers see them: headers, addresses, proxies."""

import re
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from gateway.accounts.api_key import Limits
from gateway.accounts.wrong_keys import network_of
from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.rest.gateway import Gateway, serving

Photo = Callable[..., bytes]


async def test_every_answer_to_a_known_caller_says_its_limits(
    gateway: Gateway, photo: Photo
) -> None:
    answer = await gateway.client.post("/v1/removebg", files={"image": photo(500, 400)})
    policy = '"requests";q=500;w=60, "megapixels";q=500;w=60'
    assert answer.headers["ratelimit-policy"] == policy
    assert re.fullmatch(
        r'"requests";r=499;t=\d+, "megapixels";r=500;t=\d+', answer.headers["ratelimit"]
    )
    assert answer.headers["x-ratelimit-limit"] == "500"
    assert answer.headers["x-ratelimit-remaining"] == "499"
    assert 0 < int(answer.headers["x-ratelimit-reset"]) - time.time() <= 61

    answer = await gateway.client.post("/v1/removebg", files={"image": b"no image"})
    assert answer.status_code == 400
    assert answer.headers["ratelimit"].startswith('"requests";r=498;')


async def test_a_key_may_have_limits_of_its_own(gateway: Gateway, photo: Photo) -> None:
    slow = {"X-API-Key": gateway.new_key(limits=Limits(1, 0))}
    free = {"X-API-Key": gateway.new_key(limits=Limits(0, 0))}
    sent: dict[str, Any] = {"files": {"image": photo()}}
    answers = [await gateway.client.post("/v1/removebg", headers=slow, **sent) for _ in "ab"]
    assert [answer.status_code for answer in answers] == [200, 429]
    refused = answers[1].headers
    assert refused["ratelimit-policy"] == '"requests";q=1;w=60'
    said = re.fullmatch(r'"requests";r=0;t=(\d+)', refused["ratelimit"])
    assert said
    assert refused["retry-after"] == said[1]
    answer = await gateway.client.post("/v1/removebg", headers=free, **sent)
    assert answer.status_code == 200
    assert "ratelimit" not in answer.headers


async def test_who_tries_out_keys_is_slowed_down_and_others_are_not(
    model: HalfModel, settings: Settings, photo: Photo
) -> None:
    few = settings.model_copy(update={"rate_limit_wrong_keys_per_minute": 3})
    sent: dict[str, Any] = {"files": {"image": photo()}}
    async with serving(model, few, address="203.0.113.7") as gateway:
        statuses = []
        for number in range(6):
            wrong = {"X-API-Key": f"cbg_wrong{number}"}
            answer = await gateway.client.post("/v1/removebg", headers=wrong, **sent)
            statuses.append(answer.status_code)
            good = await gateway.client.post("/v1/removebg", **sent)
            assert good.status_code == 200, "a key that was seen lately is not touched"
        assert statuses == [401] * 3 + [429] * 3
        transport = gateway.client._transport
        assert isinstance(transport, httpx.ASGITransport)
        transport.client = ("203.0.113.8", 1)
        answer = await gateway.client.post(
            "/v1/removebg", headers={"X-API-Key": "cbg_wrong"}, **sent
        )
        assert answer.status_code == 401


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("unknown-17", "unknown"),
    ],
)
def test_one_customer_is_counted_once(address: str, counted: str) -> None:
    assert network_of(address) == counted
