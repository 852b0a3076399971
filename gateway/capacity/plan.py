"""How many servers a load needs: server pools in a row, each with its queue."""

import math
from dataclasses import dataclass

from gateway.capacity import queueing
from gateway.capacity.costs import Costs

WAIT_SHARES = {"model": 0.5, "codecs": 0.25, "event loop": 0.25}
"""How the time left for waiting is divided. The model's servers cost most: it gets the most."""


class GoalUnreachable(Exception):
    """No number of servers reaches the goal. The message says why."""


@dataclass(frozen=True)
class Demand:
    """The load, and how fast it must be served."""

    rps: float
    """Images per second, arriving at random (Poisson)."""
    p95_s: float
    """Goal: 95 % of the images are done within so many seconds, from upload to response."""
    megapixels: float
    """Size of a photo."""
    cores: int
    """Cores of one gateway replica."""
    batch: int = 1
    """Mean batch size of the model under load."""


@dataclass(frozen=True)
class ServerPool:
    """Servers behind one queue: cores, event loops or model instances."""

    name: str
    service_s: float
    """Seconds that an image occupies one server."""
    servers: int
    utilisation: float
    """Share of the time that a server is busy: arrivals per second times service_s per server."""
    wait_s: float
    """p95 of the time in the queue."""

    @property
    def saturates_at(self) -> float:
        """Images per second at which all servers are always busy."""
        return self.servers / self.service_s


@dataclass(frozen=True)
class CapacityPlan:
    """What serves a demand."""

    pools: tuple[ServerPool, ...]
    """Codecs: a server is a core. Event loop: a replica. Model: an instance."""
    replicas: int
    """Gateway replicas."""
    model_cores: int
    """Cores for all model instances; 0 on GPUs."""
    p95_s: float
    """Sum of the work and of every pool's p95 wait: an upper bound, as long waits rarely
    coincide."""

    @property
    def instances(self) -> int:
        """Model instances; on GPUs, one per GPU."""
        return next(pool.servers for pool in self.pools if pool.name == "model")

    @property
    def bottlenecks(self) -> list[ServerPool]:
        """The pools, the one that saturates first in front."""
        return sorted(self.pools, key=lambda pool: pool.saturates_at)


def make_plan(demand: Demand, costs: Costs) -> CapacityPlan:
    """Return the smallest pools whose p95 waits stay within their shares.

    The work is the sum of all stages; the rest of the goal is divided for waiting (WAIT_SHARES).
    Codec work varies with the photos: M/M/c. A replica's event loop is one server with its own
    queue: M/M/1. The model takes equally long for every image: M/D/c.

    Args:
        demand: the load and the goal.
        costs: of one image.

    Raises:
        GoalUnreachable: the work alone takes longer than the goal.
        ValueError: the demand needs more than 100 000 servers.
    """
    codecs_s = sum(costs.stages(demand.megapixels).values())
    loop_s = costs.transport.at(demand.megapixels)
    work_s = codecs_s + loop_s + demand.batch * costs.model_s
    left_s = demand.p95_s - work_s
    if left_s <= 0:
        raise GoalUnreachable(
            f"An image takes {work_s * 1000:.0f} ms when nothing waits: no number of servers makes "
            f"its p95 {demand.p95_s * 1000:.0f} ms. A faster model, or smaller photos, would."
        )
    max_wait_s = {name: share * left_s for name, share in WAIT_SHARES.items()}
    cores = queueing.servers_needed(demand.rps, codecs_s, max_wait_s["codecs"])
    replicas = max(
        math.ceil(cores / demand.cores),
        _event_loops_needed(demand.rps, loop_s, max_wait_s["event loop"]),
    )
    instances = queueing.servers_needed(
        demand.rps, costs.model_s, max_wait_s["model"], squared_variation=0
    )
    pools = (
        _pool("codecs", demand.rps, codecs_s, replicas * demand.cores),
        _pool("event loop", demand.rps, loop_s, replicas),
        _pool("model", demand.rps, costs.model_s, instances),
    )
    p95_s = work_s + sum(pool.wait_s for pool in pools)
    return CapacityPlan(pools, replicas, instances * costs.model_cores, p95_s)


def shared_machine_images_s(
    costs: Costs, megapixels: float, cores: int, *, transport: bool
) -> float:
    """Return the images per second at which a machine saturates that runs gateway and model.

    By the utilisation law: with all cores busy, cores = images/s times CPU seconds per image; and
    the one model instance works on one image at a time.

    Args:
        costs: measured on a CPU of this kind.
        megapixels: size of a photo.
        cores: of the machine.
        transport: whether images arrive over HTTP.
    """
    cpu_s = sum(costs.stages(megapixels).values()) + costs.model_s * costs.model_cores
    cpu_s += costs.transport.at(megapixels) * transport
    return min(1 / costs.model_s, cores / cpu_s)


def _event_loops_needed(rps: float, service_s: float, max_wait_s: float) -> int:
    """Return the replicas to share the load; each has an event loop with a queue of its own."""
    replicas = math.floor(rps * service_s) + 1
    while queueing.wait_s(rps / replicas, service_s, 1) > max_wait_s:
        replicas += 1
    return replicas


def _pool(name: str, rps: float, service_s: float, servers: int) -> ServerPool:
    if name == "event loop":
        wait_s = queueing.wait_s(rps / servers, service_s, 1)
    else:
        squared_variation = 0 if name == "model" else 1
        wait_s = queueing.wait_s(rps, service_s, servers, squared_variation=squared_variation)
    return ServerPool(name, service_s, servers, rps * service_s / servers, wait_s)
