"""Whose word on a client's address is believed: a real listener, real connections."""

from pathlib import Path

import httpx
import pytest

from gateway.settings import Settings
from tests.half_model import HalfModel
from tests.listening import listening


def wrong_key(url: str, address: str) -> int:
    headers = {"X-API-Key": "cbg_wrong", "X-Forwarded-For": address}
    return httpx.post(f"{url}/v1/removebg", headers=headers).status_code


@pytest.mark.parametrize(
    ("proxies", "statuses"),
    [
        ("", [401, 429, 429]),
        ("10.9.9.9", [401, 429, 429]),
        ("127.0.0.1", [401, 401, 429]),
        ("10.0.0.0/8,127.0.0.0/8", [401, 401, 429]),
    ],
)
def test_a_forwarded_address_is_believed_from_a_trusted_proxy_only(
    tmp_path: Path, proxies: str, statuses: list[int]
) -> None:
    """Two clients by their own word: each may try one wrong key."""
    chosen = Settings(
        data_dir=tmp_path, trusted_proxies=proxies, rate_limit_wrong_keys_per_minute=1
    )
    with listening(HalfModel(), chosen) as service:
        addresses = ("203.0.113.1", "203.0.113.2", "203.0.113.1")
        assert [wrong_key(service.url, address) for address in addresses] == statuses


def test_a_client_cannot_put_words_into_a_proxys_mouth(tmp_path: Path) -> None:
    """A proxy appends the address that it saw: what stands before that is the client's own word."""
    chosen = Settings(
        data_dir=tmp_path, trusted_proxies="127.0.0.1", rate_limit_wrong_keys_per_minute=1
    )
    with listening(HalfModel(), chosen) as service:
        forged = ("1.1.1.1, 203.0.113.1", "2.2.2.2, 203.0.113.1", "3.3.3.3, 203.0.113.1")
        assert [wrong_key(service.url, line) for line in forged] == [401, 429, 429]
