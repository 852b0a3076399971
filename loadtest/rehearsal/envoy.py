"""Envoy in front of the gateways, and what Kubernetes does there: it lists the ready ones.

The configuration is deploy/proxies/envoy.yaml, with endpoints from a file. A gateway that is asked
to stop leaves the list at once, as a terminating pod leaves its EndpointSlice; one that dies leaves
it when a readiness probe fails.
"""

import json
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

from loadtest.rehearsal.members import Program, is_ready
from tests.servers.proxies import CONFIGS

PROBE_INTERVAL_S = 1.0
PORTS = {"clearbg_http": 8080, "clearbg_grpc": 50051}
PORT = 9080


def write_configuration(folder: Path) -> Path:
    """Write the configuration; return its path."""
    config: dict[str, Any] = yaml.safe_load((CONFIGS / "envoy.yaml").read_text())
    config["node"] = {"id": "rehearsal", "cluster": "rehearsal"}
    resources = config["static_resources"]
    resources["listeners"][0]["address"]["socket_address"]["address"] = "0.0.0.0"
    for cluster in resources["clusters"]:
        del cluster["load_assignment"]
        cluster.pop("health_checks", None)  # a gateway of the Gateway API has the endpoints only
        source = {"path_config_source": {"path": str(_endpoints(folder, cluster["name"]))}}
        cluster["type"] = "EDS"
        cluster["eds_cluster_config"] = {"eds_config": source | {"resource_api_version": "V3"}}
    path = folder / "envoy.yaml"
    path.write_text(yaml.safe_dump(config))
    return path


class Endpoints:
    """Keeps Envoy's lists up to date.

    Args:
        folder: of the configuration.
        gateways: all that exist, whether they run or not.
    """

    def __init__(self, folder: Path, gateways: list[Program]) -> None:
        self._folder, self._gateways = folder, gateways
        self._leaving: set[str] = set()
        self._listed: list[str] | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    @contextmanager
    def following(self) -> Iterator[None]:
        """Probe the gateways until the block ends."""
        thread = threading.Thread(target=self._follow)
        thread.start()
        try:
            yield
        finally:
            self._stopped.set()
            thread.join()

    def remove(self, gateway: Program) -> None:
        """Take a gateway off the lists, until `restore`."""
        with self._lock:
            self._leaving.add(gateway.address)
        self.update()

    def restore(self, gateway: Program) -> None:
        """List a gateway again, which is ready."""
        with self._lock:
            self._leaving.discard(gateway.address)
        self.update()

    def update(self) -> None:
        """Probe all gateways, and write the lists if they have changed."""
        ready = [
            gateway.address
            for gateway in self._gateways
            if gateway.is_running
            and gateway.address not in self._leaving
            and is_ready(gateway.address)
        ]
        with self._lock:
            ready = [address for address in ready if address not in self._leaving]
            if ready != self._listed:
                self._listed = ready
                for cluster, port in PORTS.items():
                    _write(_endpoints(self._folder, cluster), cluster, ready, port)

    def _follow(self) -> None:
        while not self._stopped.wait(PROBE_INTERVAL_S):
            self.update()


def _write(path: Path, cluster: str, addresses: list[str], port: int) -> None:
    """Replace a list; Envoy watches for files that are moved there."""
    sockets = ({"address": address, "port_value": port} for address in addresses)
    endpoints = [{"endpoint": {"address": {"socket_address": socket}}} for socket in sockets]
    resource = {
        "@type": "type.googleapis.com/envoy.config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": cluster,
        "endpoints": [{"lb_endpoints": endpoints}],
    }
    part = path.with_suffix(".part")
    part.write_text(json.dumps({"version_info": str(os.times().elapsed), "resources": [resource]}))
    part.replace(path)


def _endpoints(folder: Path, cluster: str) -> Path:
    return folder / f"{cluster}.json"
