"""The processes of the rehearsal, which can be stopped, killed and started again."""

import os
import socket
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

import httpx
import psutil

from loadtest.rehearsal.network import Namespace
from tests.servers.postgres import Postgres
from tests.servers.seaweed import S3
from tests.servers.valkey import Valkey
from tests.waiting import wait_until

START_TIMEOUT_S, STOP_TIMEOUT_S = 300.0, 120.0


class Member(Protocol):
    """One process, with what it has started."""

    name: str

    def start(self) -> None:
        """Start it, and wait until it is ready."""

    def stop(self) -> None:
        """Let it finish what it is doing, and wait until it has ended."""

    def kill(self) -> None:
        """Kill it (SIGKILL)."""


@dataclass
class Program:
    """A command in a namespace of its own.

    Attributes:
        name: of the member.
        namespace: its network.
        command: starts it.
        environment: added to that of this process.
        is_ready: returns whether it is, given its address.
        log: gets its output.
    """

    name: str
    namespace: Namespace
    command: list[str]
    environment: Mapping[str, str]
    is_ready: Callable[[str], bool]
    log: Path
    process: "subprocess.Popen[bytes] | None" = field(default=None, init=False)

    @property
    def address(self) -> str:
        """Its IP address."""
        return self.namespace.address

    def start(self) -> None:
        """See Member."""
        with self.namespace.entered(), self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                env=os.environ | dict(self.environment),
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        ready = partial(self.is_ready, self.address)
        wait_until(ready, self._explain, timeout_s=START_TIMEOUT_S, every_s=0.2)

    def stop(self) -> None:
        """See Member."""
        assert self.process
        self.process.terminate()
        self.process.wait(STOP_TIMEOUT_S)

    def kill(self) -> None:
        """See Member. A container ends with all its processes, so this kills them too."""
        assert self.process
        family = psutil.Process(self.process.pid).children(recursive=True)
        self.process.kill()
        for child in family:
            child.kill()
        self.process.wait()
        psutil.wait_procs(family)

    @property
    def is_running(self) -> bool:
        """Whether the process runs, ready or not."""
        return self.process is not None and self.process.poll() is None

    def _explain(self) -> str:
        return f"{self.name} is not ready:\n{self.log.read_text()[-3000:]}"


@dataclass
class Store:
    """A server of tests/servers."""

    name: str
    namespace: Namespace
    server: Postgres | Valkey | S3

    def start(self) -> None:
        """See Member."""
        with self.namespace.entered():
            self.server.restart()

    def stop(self) -> None:
        """See Member. It breaks off what is in progress, as these servers do at their stop."""
        self.server.stop()

    def kill(self) -> None:
        """See Member."""
        if isinstance(self.server, Postgres):
            self.server.crash()
        else:
            self.server.stop()


def is_ready(address: str) -> bool:
    """Return whether a gateway or worker is ready."""
    try:
        return httpx.get(f"http://{address}:8081/readyz", timeout=5).is_success
    except httpx.TransportError:
        return False


def listens(port: int) -> Callable[[str], bool]:
    """Return a function that checks whether something accepts connections at an address."""

    def check(address: str) -> bool:
        try:
            socket.create_connection((address, port), 5).close()
        except OSError:
            return False
        return True

    return check
