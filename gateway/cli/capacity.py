"""`clearbg capacity`: how many replicas, cores and model instances a load needs."""

import os
from dataclasses import replace
from typing import Annotated

import typer
from rich.table import Table

from gateway.capacity import costs
from gateway.capacity.costs import Costs, Line
from gateway.capacity.plan import Demand, Plan, Unreachable, plan, together_images_s
from gateway.cli.console import fail, out, settings
from gateway.settings import Settings
from serving.manifest import ModelNotBuilt


def capacity(
    rps: Annotated[float, typer.Option(help="Images a second.", min=0.001)],
    p95_ms: Annotated[float, typer.Option(help="95 of 100 are done in so long.", min=1)],
    photo_mp: Annotated[float, typer.Option(help="Megapixels of a photo.", min=0.01)] = 12,
    cores: Annotated[
        int, typer.Option(help="Of one gateway replica; 0: this machine's.", min=0)
    ] = 0,
    model_images_s: Annotated[
        float, typer.Option(help="Of a model instance, as `clearbg tune` says it.", min=0)
    ] = 0,
    model_cores: Annotated[
        int | None, typer.Option(help="Of a model instance; 0 on a GPU.", min=0)
    ] = None,
    model_batch: Annotated[int, typer.Option(help="Its mean batch under load.", min=1)] = 1,
    gateway_cpu_ms: Annotated[
        float, typer.Option(help="CPU of an image without the model and HTTP.", min=0)
    ] = 0,
    measure: Annotated[bool, typer.Option("--measure", help="Measure costs anew.")] = False,
) -> None:
    """Say what a load needs, from what an image costs on this machine, and what limits first."""
    chosen = settings()
    try:
        known = _costs(chosen, measure=measure)
    except ModelNotBuilt as error:
        fail(error)
    here = known
    if model_images_s:
        known = replace(known, model_s=1 / model_images_s)
    if model_cores is not None:
        known = replace(known, model_cores=model_cores)
    if gateway_cpu_ms:
        known = replace(
            known, decode=Line(gateway_cpu_ms / 1000, 0), compose=Line(0, 0), encode=Line(0, 0)
        )
    each = cores or os.cpu_count() or 1
    demand = Demand(rps, p95_ms / 1000, photo_mp, each, model_batch)
    try:
        _tell(plan(demand, known), demand, known)
    except (Unreachable, ValueError) as error:
        fail(error)
    _tell_together(here, photo_mp)


def _costs(chosen: Settings, *, measure: bool) -> Costs:
    known = None if measure else costs.read(chosen.data_dir)
    if known is None:
        out.print("Measuring what an image costs here (about 15 s) …")
        known = costs.measure(chosen)
        costs.write(known, chosen.data_dir)
    return known


def _tell(made: Plan, demand: Demand, known: Costs) -> None:
    stages = known.stages(demand.megapixels)
    parts = ", ".join(f"{name} {1000 * seconds:.0f} ms" for name, seconds in stages.items())
    out.print(f"An image of {demand.megapixels:g} MP: {parts} of CPU")
    table = Table(
        "station", "ms an image", "servers", "busy", "p95 wait ms", "saturates at, images/s"
    )
    for station in made.stations:
        table.add_row(
            station.name,
            f"{1000 * station.service_s:.1f}",
            str(station.servers),
            f"{station.busy:.0%}",
            f"{1000 * station.wait_s:.0f}",
            f"{station.saturates_at:.1f}",
        )
    out.print(table)
    on = f" on {made.model_cores} cores" if made.model_cores else ", a GPU each"
    out.print(
        f"{demand.rps:g} images/s with a p95 of {1000 * demand.p95_s:.0f} ms need "
        f"{made.replicas} gateway replicas of {demand.cores} cores, and {made.instances} model "
        f"instances{on}. Expected p95: at most {1000 * made.p95_s:.0f} ms."
    )
    first, second = made.limits_first[:2]
    out.print(
        f"What limits first: {first.name}, at {first.saturates_at:.1f} images/s; then "
        f"{second.name}, at {second.saturates_at:.1f}."
    )


def _tell_together(known: Costs, megapixels: float) -> None:
    if not known.model_cores:
        return
    cores = os.cpu_count() or 1
    images_s = together_images_s(known, megapixels, cores, transport=True)
    out.print(
        f"This machine alone, its {cores} cores shared by the gateway and the model: "
        f"{images_s:.2f} images/s at saturation."
    )
