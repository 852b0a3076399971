"""The IP address of a gRPC client."""

import ipaddress
from urllib.parse import unquote

from gateway.settings import Networks, split_list


def address(peer: str, forwarded_for: str, trusted: Networks) -> str:
    """Return the client's IP address; empty if there is none, as on a Unix socket.

    Args:
        peer: in gRPC's form, such as `ipv4:10.0.0.1:5000` or `ipv6:%5B::1%5D:5000`.
        forwarded_for: the `X-Forwarded-For` header; its last untrusted address counts.
        trusted: networks of proxies that are trusted.
    """
    kind, _, rest = peer.partition(":")
    direct = unquote(rest).rpartition(":")[0].strip("[]") if kind.startswith("ip") else ""
    hops = [*split_list(forwarded_for), direct]
    return next((hop for hop in reversed(hops) if not _is_trusted(hop, trusted)), direct)


def _is_trusted(hop: str, trusted: Networks) -> bool:
    try:
        return any(ipaddress.ip_address(hop) in network for network in trusted)
    except ValueError:
        return False
