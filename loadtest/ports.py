"""Ports for servers under test."""

import socket


def free_port() -> int:
    """A port on the loopback address that nothing listens on."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])
