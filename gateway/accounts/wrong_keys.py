"""Limits how fast API keys can be guessed: wrong keys per minute and address."""

import ipaddress

from gateway.accounts.rate_limits import Limit, RateLimits

IPV6_NETWORK_BITS = 64
"""Length of the IPv6 prefix that one customer usually gets: all its addresses count as one."""


class WrongKeyLimit:
    """Counts wrong keys by the address that sent them.

    Args:
        limits: counts them.
        quota: wrong keys a minute from one address; 0 or less: no limit.
    """

    def __init__(self, limits: RateLimits, quota: int) -> None:
        self._limits = limits
        self._limit = Limit("wrong API keys from your address", quota)

    async def check(self, address: str) -> None:
        """Reject an address that has sent too many wrong keys, before its key is looked up.

        Raises:
            RateLimited: it has.
        """
        window = await self._limits.window(self._limit, network_of(address), rejected=1)
        if window and not window.remaining:
            raise self._limits.rejection(self._limit, window)

    async def count(self, address: str) -> None:
        """Count a wrong key.

        Raises:
            LimitsUnavailable: the store is down, and the settings say to fail closed.
        """
        await self._limits.spend(self._limit, network_of(address))


def network_of(address: str) -> str:
    """Return what counts as one source of wrong keys: an IPv4 address, or an IPv6 /64 network."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"  # a Unix socket, or garbage that a proxy passed on: all count as one
    if isinstance(ip, ipaddress.IPv6Address):
        mapped = ip.ipv4_mapped
        return str(mapped or ipaddress.ip_network((ip, IPV6_NETWORK_BITS), strict=False))
    return address
