"""How much is needed for a load: stations in a row, each with its servers and its wait."""

import math
from dataclasses import dataclass

from gateway.capacity import queueing
from gateway.capacity.costs import Costs

SHARES = {"model": 0.5, "codecs": 0.25, "event loop": 0.25}
"""Of the time that is left for waiting. The model's servers are the dear ones: it gets most."""


class Unreachable(Exception):
    """The load cannot be served like that, whatever there is. The message says why."""


@dataclass(frozen=True)
class Demand:
    """What is asked for."""

    rps: float
    """Images a second, arriving at random."""
    p95_s: float
    """95 of 100 images are done in so many seconds, from upload to answer."""
    megapixels: float
    """Of a photo."""
    cores: int
    """Of one gateway replica."""
    batch: int = 1
    """Images that the model computes together under load."""


@dataclass(frozen=True)
class Station:
    """Servers behind one queue."""

    name: str
    service_s: float
    """Seconds that an image occupies one of them."""
    servers: int
    busy: float
    """Part of the time, by the utilisation law: rate times service_s by servers."""
    wait_s: float
    """p95 of the wait."""

    @property
    def saturates_at(self) -> float:
        """Images a second with which all its servers are busy."""
        return self.servers / self.service_s


@dataclass(frozen=True)
class Plan:
    """What serves a demand."""

    stations: tuple[Station, ...]
    """Codecs: a server is a core. Event loop: a replica. Model: an instance."""
    replicas: int
    """Of the gateway."""
    model_cores: int
    """Cores for all instances of the model; 0 on GPUs."""
    p95_s: float
    """Work and the waits' p95 together: on the safe side, as waits are seldom long at once."""

    @property
    def instances(self) -> int:
        """Of the model; on GPUs, one each."""
        return next(station.servers for station in self.stations if station.name == "model")

    @property
    def limits_first(self) -> list[Station]:
        """The stations, the one that saturates first in front."""
        return sorted(self.stations, key=lambda station: station.saturates_at)


def plan(demand: Demand, costs: Costs) -> Plan:
    """The fewest servers of each station with which its p95 wait keeps to its share.

    The work is the sum of all stages; what the goal leaves is shared out for waiting (SHARES).
    Codec work varies with the photos: M/M/c. A replica's event loop is one server with its own
    queue: M/M/1. The model takes as long for every image: M/D/c.

    Args:
        demand: what is asked for.
        costs: of one image.

    Raises:
        Unreachable: the work alone takes longer than the goal.
    """
    codecs_s = sum(costs.stages(demand.megapixels).values())
    loop_s = costs.transport.at(demand.megapixels)
    work_s = codecs_s + loop_s + demand.batch * costs.model_s
    left_s = demand.p95_s - work_s
    if left_s <= 0:
        raise Unreachable(
            f"An image takes {work_s * 1000:.0f} ms when nothing waits: no number of servers makes "
            f"its p95 {demand.p95_s * 1000:.0f} ms. A faster model, or smaller photos, would."
        )
    longest_s = {name: share * left_s for name, share in SHARES.items()}
    cores = queueing.servers(demand.rps, codecs_s, longest_s["codecs"])
    replicas = max(
        math.ceil(cores / demand.cores), _loops(demand.rps, loop_s, longest_s["event loop"])
    )
    instances = queueing.servers(demand.rps, costs.model_s, longest_s["model"], varies=0)
    stations = (
        _station("codecs", demand.rps, codecs_s, replicas * demand.cores),
        _station("event loop", demand.rps, loop_s, replicas),
        _station("model", demand.rps, costs.model_s, instances),
    )
    p95_s = work_s + sum(station.wait_s for station in stations)
    return Plan(stations, replicas, instances * costs.model_cores, p95_s)


def together_images_s(costs: Costs, megapixels: float, cores: int, *, transport: bool) -> float:
    """Images a second at saturation of one machine whose cores the gateway and the model share.

    By the utilisation law: with all cores busy, cores = images/s times CPU seconds an image; and
    the one model instance works on one image at a time.

    Args:
        costs: measured there, on a CPU.
        megapixels: of a photo.
        cores: of the machine.
        transport: whether images come by HTTP.
    """
    cpu_s = sum(costs.stages(megapixels).values()) + costs.model_s * costs.model_cores
    cpu_s += costs.transport.at(megapixels) * transport
    return min(1 / costs.model_s, cores / cpu_s)


def _loops(rps: float, service_s: float, longest_s: float) -> int:
    """Replicas whose event loops wait no longer: each one has a part of the load, and a queue."""
    replicas = math.floor(rps * service_s) + 1
    while queueing.wait_s(rps / replicas, service_s, 1) > longest_s:
        replicas += 1
    return replicas


def _station(name: str, rps: float, service_s: float, servers: int) -> Station:
    if name == "event loop":
        wait_s = queueing.wait_s(rps / servers, service_s, 1)
    else:
        wait_s = queueing.wait_s(rps, service_s, servers, varies=0 if name == "model" else 1)
    return Station(name, service_s, servers, rps * service_s / servers, wait_s)
