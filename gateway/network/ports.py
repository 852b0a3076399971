"""Binds the listeners' ports, and finds free ones."""

import random
import socket
from itertools import cycle, islice

# The kernel assigns ports from 32768 up to outgoing connections and to "port 0" (Linux). A port
# below that cannot be taken by one of those between our check and the caller's bind. Each process
# tries them in its own random order, so that two processes rarely pick the same one.
_UNASSIGNED = range(20_000, 32_768)
_candidates = cycle(random.SystemRandom().sample(_UNASSIGNED, len(_UNASSIGNED)))


class PortTaken(Exception):
    """A listener's port is in use. The message says which setting to change."""


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Bind a port. Call it before the slow start, so that a port in use is reported at once.

    Args:
        host: address to listen on.
        port: 0: any free port.
        setting: name of the port's setting, for the error message.

    Raises:
        PortTaken: the port is in use, or the host is not an address of this machine.
    """
    try:
        socket.getaddrinfo(host, port)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror as error:
        raise PortTaken(f"{host} is not an address of this machine. Set CLEARBG_HOST.") from error
    except OSError as error:
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({error.strerror}). Set {setting}."
        ) from error


def free_port() -> int:
    """Return an unused loopback port that the kernel does not assign to anything by itself."""
    return next(port for port in islice(_candidates, len(_UNASSIGNED)) if _is_free(port))


def _is_free(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
