"""`clearbg capacity`: how many replicas, cores and model instances a load needs."""

from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table

from gateway.capacity import costs
from gateway.capacity.costs import Costs, LinearCost
from gateway.capacity.kubernetes import overlay_patch
from gateway.capacity.plan import (
    CapacityPlan,
    Demand,
    GoalUnreachable,
    make_plan,
    shared_machine_images_s,
)
from gateway.cli.console import err, fail, load_settings, out
from gateway.settings import Settings
from serving.cores import available_cores
from serving.manifest import ModelNotBuilt

Rps = Annotated[float, typer.Option(help="Images per second.", min=0.001)]
P95Ms = Annotated[
    float, typer.Option(help="Milliseconds within which 95 % of the images are done.", min=1)
]
PhotoMp = Annotated[float, typer.Option(help="Megapixels of a photo.", min=0.01)]
Cores = Annotated[
    int, typer.Option(help="Cores of one gateway replica; 0: those of this machine.", min=0)
]
ModelImagesS = Annotated[
    float,
    typer.Option(
        help="Images per second of a model instance, as `clearbg tune` measures it. Default: "
        "measured here.",
        min=0,
    ),
]
ModelCores = Annotated[
    int | None,
    typer.Option(
        help="Cores of a model instance; 0 for a GPU. Default: those of the measurement.", min=0
    ),
]
ModelBatch = Annotated[int, typer.Option(help="Mean batch size of the model under load.", min=1)]
GatewayCpuMs = Annotated[
    float,
    typer.Option(
        help="CPU milliseconds per image, without the model and HTTP. Default: measured here.",
        min=0,
    ),
]
Measure = Annotated[bool, typer.Option("--measure", help="Measure again what an image costs.")]
Kubernetes = Annotated[
    bool,
    typer.Option(
        "--kubernetes",
        help="Print a patch for the overlays of deploy/kubernetes instead: replicas, and the CPU "
        "or GPU of each.",
    ),
]


def capacity(
    rps: Rps,
    p95_ms: P95Ms,
    photo_mp: PhotoMp = 12,
    cores: Cores = 0,
    model_images_s: ModelImagesS = 0,
    model_cores: ModelCores = None,
    model_batch: ModelBatch = 1,
    gateway_cpu_ms: GatewayCpuMs = 0,
    measure: Measure = False,
    kubernetes: Kubernetes = False,
) -> None:
    """Calculate what a load needs, and its bottleneck, from what an image costs on this machine."""
    settings = load_settings()
    try:
        measured = _measured_costs(settings, measure=measure)
    except ModelNotBuilt as error:
        fail(error)
    assumed = _with_overrides(measured, model_images_s, model_cores, gateway_cpu_ms)
    replica_cores = cores or available_cores()
    demand = Demand(rps, p95_ms / 1000, photo_mp, replica_cores, model_batch)
    try:
        plan = make_plan(demand, assumed)
    except (GoalUnreachable, ValueError) as error:
        fail(error)
    if kubernetes:
        typer.echo(overlay_patch(plan, demand), nl=False)
        return
    _print_plan(plan, demand, assumed)
    _print_this_machine(measured, photo_mp)


def _with_overrides(
    measured: Costs, model_images_s: float, model_cores: int | None, gateway_cpu_ms: float
) -> Costs:
    """Replace measured costs by those given as options."""
    assumed = measured
    if model_images_s:
        assumed = replace(assumed, model_s=1 / model_images_s)
    if model_cores is not None:
        assumed = replace(assumed, model_cores=model_cores)
    if gateway_cpu_ms:
        total, none = LinearCost(gateway_cpu_ms / 1000, 0), LinearCost(0, 0)
        assumed = replace(assumed, decode=total, compose=none, encode=none)
    return assumed


def _measured_costs(settings: Settings, *, measure: bool) -> Costs:
    measured = None if measure else costs.read(settings.data_dir)
    if measured is None:
        err.print("Measuring what an image costs here (about 15 s) …")
        measured = costs.measure(settings)
        costs.write(measured, settings.data_dir)
    return measured


def _print_plan(plan: CapacityPlan, demand: Demand, assumed: Costs) -> None:
    stages = assumed.stages(demand.megapixels)
    parts = ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in stages.items())
    out.print(f"CPU time of an image of {demand.megapixels:g} MP: {parts}")
    table = Table(
        "pool", "ms per image", "servers", "utilisation", "p95 wait ms", "saturates at, images/s"
    )
    for pool in plan.pools:
        table.add_row(
            pool.name,
            f"{1000 * pool.service_s:.1f}",
            str(pool.servers),
            f"{pool.utilisation:.0%}",
            f"{1000 * pool.wait_s:.0f}",
            f"{pool.saturates_at:.1f}",
        )
    out.print(table)
    hardware = f" on {plan.model_cores} cores" if plan.model_cores else ", a GPU each"
    out.print(
        f"{demand.rps:g} images/s with a p95 of {1000 * demand.p95_s:.0f} ms need "
        f"{plan.replicas} gateway replicas of {demand.cores} cores, and {plan.instances} model "
        f"instances{hardware}. Expected p95: at most {1000 * plan.p95_s:.0f} ms."
    )
    first, second = plan.bottlenecks[:2]
    out.print(
        f"Bottleneck: {first.name}, at {first.saturates_at:.1f} images/s; then "
        f"{second.name}, at {second.saturates_at:.1f}."
    )


def _print_this_machine(measured: Costs, megapixels: float) -> None:
    if not measured.model_cores:
        return
    cores = available_cores()
    images_s = shared_machine_images_s(measured, megapixels, cores, transport=True)
    out.print(
        f"This machine alone, its {cores} cores shared by the gateway and the model, saturates at "
        f"{images_s:.2f} images/s."
    )
