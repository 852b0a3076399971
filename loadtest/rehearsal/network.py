"""A network of namespaces, in which each process has an address of its own. It needs root.

The load runs in the namespace that has the bridge. A process that is gone leaves its namespace:
connections to it are refused, as those to a killed container are.
"""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

CLONE_NEWNET = 0x40000000
LIBC = ctypes.CDLL(None, use_errno=True)
SUBNET = "10.77.0"


@dataclass(frozen=True)
class Namespace:
    """The network of one process."""

    name: str
    address: str

    def enter(self) -> None:
        """Move this thread into it, with the threads and processes that it starts from now on."""
        _enter(Path("/run/netns", self.name))

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Move this thread into it until the block ends."""
        handle = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        self.enter()
        try:
            yield
        finally:
            _set(handle)


class Network:
    """A bridge, in a namespace, and namespaces that are connected to it."""

    def __init__(self) -> None:
        self._prefix = f"clearbg-{os.getpid()}"
        self._names: list[str] = []
        self.client = self._create("client")
        self._ip("-n", self.client.name, "link", "add", "bridge", "type", "bridge")
        self._bring_up(self.client, "bridge")

    def add(self, name: str) -> Namespace:
        """Return a new namespace."""
        added = self._create(name)
        port = f"port{len(self._names)}"
        peer = ("type", "veth", "peer", "name", "eth0", "netns", added.name)
        self._ip("-n", self.client.name, "link", "add", port, *peer)
        self._ip("-n", self.client.name, "link", "set", port, "master", "bridge", "up")
        self._bring_up(added, "eth0")
        return added

    def close(self) -> None:
        """Delete all namespaces."""
        for name in self._names:
            self._ip("netns", "delete", name)

    def _create(self, name: str) -> Namespace:
        namespace = Namespace(f"{self._prefix}-{name}", f"{SUBNET}.{len(self._names) + 1}")
        self._ip("netns", "add", namespace.name)
        self._names.append(namespace.name)
        return namespace

    def _bring_up(self, namespace: Namespace, device: str) -> None:
        within = ("-n", namespace.name)
        self._ip(*within, "address", "add", f"{namespace.address}/24", "dev", device)
        for name in ("lo", device):
            self._ip(*within, "link", "set", name, "up")

    def _ip(self, *arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)


@contextmanager
def opened() -> Iterator[Network]:
    """Create a network, and delete it at the end of the block."""
    network = Network()
    try:
        yield network
    finally:
        network.close()


def _enter(path: Path) -> None:
    _set(os.open(path, os.O_RDONLY))


def _set(handle: int) -> None:
    try:
        if LIBC.setns(handle, CLONE_NEWNET):
            raise OSError(ctypes.get_errno(), "setns")
    finally:
        os.close(handle)
