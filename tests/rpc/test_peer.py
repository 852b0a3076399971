"""Who is at the other end."""

import pytest

from gateway.rpc.peer import address
from gateway.settings import parse_networks

TRUSTED = parse_networks("127.0.0.1, 10.0.0.0/8")


@pytest.mark.parametrize(
    ("peer", "forwarded_for", "expected"),
    [
        ("ipv4:1.2.3.4:5000", "", "1.2.3.4"),
        ("ipv6:%5B2001:db8::1%5D:5000", "", "2001:db8::1"),
        ("unix:", "", ""),
        ("ipv4:1.2.3.4:5000", "9.9.9.9", "1.2.3.4"),
        ("ipv4:127.0.0.1:5000", "9.9.9.9", "9.9.9.9"),
        ("ipv4:127.0.0.1:5000", "8.8.8.8, 9.9.9.9", "9.9.9.9"),
        ("ipv4:127.0.0.1:5000", "8.8.8.8, 10.1.1.1", "8.8.8.8"),
        ("ipv4:127.0.0.1:5000", "10.1.1.1", "127.0.0.1"),
        ("ipv4:127.0.0.1:5000", "", "127.0.0.1"),
        ("ipv4:127.0.0.1:5000", "nonsense", "nonsense"),
    ],
)
def test_the_last_address_outside_the_proxies_is_the_clients(
    peer: str, forwarded_for: str, expected: str
) -> None:
    assert address(peer, forwarded_for, TRUSTED) == expected
