"""What happens to the service: restarts, kills, scaling, a migration, a new model."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loadtest.rehearsal.cluster import Cluster
from loadtest.rehearsal.members import Member, Program

NONE, IN_FLIGHT = "none", "in flight"
MIGRATE = "loadtest.rehearsal.migration"


@dataclass(frozen=True)
class Event:
    """One thing that happens; blocking."""

    name: str
    expected: str
    """Which requests may fail: NONE, or those IN_FLIGHT on a killed process."""
    happen: Callable[[], None]


def of(cluster: Cluster) -> Iterator[Event]:
    """Return all events, in their order."""
    programs = [*cluster.gateways[:2], cluster.worker, *cluster.tritons]
    members: list[Member] = [*programs, *cluster.stores]
    for member in members:
        yield Event(f"restart {member.name}", NONE, lambda m=member: cluster.restart(m))  # type: ignore[misc]
    yield Event("scale from 2 gateways to 1", NONE, lambda: cluster.stop(cluster.gateways[1]))
    yield Event("scale from 1 gateway to 3", NONE, lambda: _start_two(cluster))
    yield Event("scale from 3 gateways to 2", NONE, lambda: cluster.stop(cluster.gateways[2]))
    yield Event("migrate the schema", NONE, lambda: _migrate(cluster))
    yield Event("upgrade the model", NONE, lambda: _upgrade(cluster))
    for member in members:
        yield Event(f"kill -9 {member.name}", IN_FLIGHT, lambda m=member: _kill(m))  # type: ignore[misc]


def _start_two(cluster: Cluster) -> None:
    for gateway in cluster.gateways[1:]:
        cluster.start(gateway)


def _kill(member: Member) -> None:
    member.kill()
    member.start()


def _migrate(cluster: Cluster) -> None:
    """Expand the schema as a later release would, and contract it again."""
    url = cluster.settings["CLEARBG_DATABASE_URL"]
    for direction in ("up", "down"):
        subprocess.run([sys.executable, "-m", MIGRATE, url, direction], check=True)


def _upgrade(cluster: Cluster) -> None:
    """Replace the model, by another precision of it, in one process after the other."""
    upgraded: list[Program] = [*cluster.tritons, *cluster.gateways[:2], cluster.worker]
    for program in upgraded:
        program.environment = {**program.environment, "CLEARBG_PRECISION": "f32"}
        cluster.restart(program)
