"""Ports: bound before anything slow is done."""

import socket


class PortTaken(Exception):
    """A listener's port is in use. The message says which setting to change."""


def bind(host: str, port: int, setting: str) -> socket.socket:
    """Bind a port before anything slow is done, so that a taken one is told at once.

    Raises:
        PortTaken: naming the setting that changes it.
    """
    try:
        socket.getaddrinfo(host, port)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        return socket.create_server((host, port), family=family, backlog=2048)
    except socket.gaierror as error:
        raise PortTaken(f"{host} is no address of this machine. Set CLEARBG_HOST.") from error
    except OSError as error:
        raise PortTaken(
            f"Cannot listen on {host}:{port} ({error.strerror}). Set {setting}."
        ) from error


def free_port() -> int:
    """A port on the loopback address that nothing listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
