"""Who is at the other end of a call."""

import ipaddress
from urllib.parse import unquote

from gateway.settings import Networks, words


def address(peer: str, forwarded_for: str, trusted: Networks) -> str:
    """The client's IP address; empty where there is none, as on a Unix socket.

    Args:
        peer: as gRPC says it, such as `ipv4:10.0.0.1:5000` or `ipv6:%5B::1%5D:5000`.
        forwarded_for: what proxies said: the last address of it that is none of ours counts.
        trusted: networks of proxies that are believed.
    """
    kind, _, rest = peer.partition(":")
    direct = unquote(rest).rpartition(":")[0].strip("[]") if kind.startswith("ip") else ""
    hops = [*words(forwarded_for), direct]
    return next((hop for hop in reversed(hops) if not _is_trusted(hop, trusted)), direct)


def _is_trusted(hop: str, trusted: Networks) -> bool:
    try:
        return any(ipaddress.ip_address(hop) in network for network in trusted)
    except ValueError:
        return False
