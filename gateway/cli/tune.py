"""`clearbg tune`: find settings that suit this machine."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import fail, out, settings
from gateway.settings import Settings
from gateway.tuning import report
from gateway.tuning.bench import NotMeasured
from gateway.tuning.config import Config, Knob
from gateway.tuning.journal import NAME, JournalRefused
from gateway.tuning.session import Plan, Where
from gateway.tuning.sweep import ROUNDS, Point, Sweep
from gateway.tuning.verdict import judge, recommended
from serving.manifest import ModelNotBuilt

INTERRUPTED = 130
"""The status with which shells know Ctrl-C."""
CONFIG_FILES = {"triton-cpu": "configs/cpu.pbtxt", "triton-gpu": "config.pbtxt", "cpu": ""}


def tune(
    folder: Annotated[
        Path, typer.Option("--out", help="Folder for what is measured and found.", file_okay=False)
    ] = Path("var/tune"),
    budget_s: Annotated[float, typer.Option(help="Seconds in all; less is measured then.")] = 560,
    seconds: Annotated[float, typer.Option(help="Seconds of load a point.", min=0.1)] = 10,
    warmup_s: Annotated[float, typer.Option(help="Seconds of load before them.", min=0)] = 2,
    concurrency: Annotated[
        int, typer.Option(help="Images at once; 0: 8 on a CPU, 32 on a GPU.", min=0)
    ] = 0,
    image: Annotated[
        Path | None, typer.Option("--photo", help="An image; default: one that is made, 1 MP.")
    ] = None,
    rounds: Annotated[
        int, typer.Option(help="Repeats of the best; fewer than 4 recommend nothing.", min=0)
    ] = ROUNDS,
    knob: Annotated[
        list[str] | None, typer.Option(help="Turn only this one; may be repeated.")
    ] = None,
    restart: Annotated[bool, typer.Option("--restart", help="Measure all anew.")] = False,
) -> None:
    """Measure settings on this machine, one at a time, and recommend what is better than noise.

    Called again, it goes on where it was stopped. Nothing of the service is changed.
    """
    chosen = settings()
    plan = Plan(chosen, folder, concurrency, warmup_s, seconds, image)
    if restart:
        (folder / NAME).unlink(missing_ok=True)
    try:
        where = _where(plan)
        turned = list(_wanted(plan.knobs(where), knob or []))
        sweep, journal = plan.sweep(where, turned, budget_s, _tell)
        out.print(f"{where}, {os.cpu_count()} cores, at most {budget_s:g} s")
        sweep.rounds = rounds
        sweep.run()
    except (ModelNotBuilt, JournalRefused, NotMeasured, OSError) as error:
        fail(error)
    except KeyboardInterrupt:
        fail("interrupted. The same command goes on from here.", code=INTERRUPTED)
    if journal.reused:
        out.print(f"{journal.reused} measurements were there already; --restart makes them anew")
    _report(sweep, folder, where, chosen)


def _where(plan: Plan) -> Where:
    where, why = plan.where()
    if why:
        out.print(f"No Triton to tune ({why}): the model runs in the gateway's process.")
    if where == "triton-gpu":
        out.print("Note: this command has not been run on a GPU before it was released.")
    return where


def _wanted(there: list[Knob], names: list[str]) -> Iterator[Knob]:
    if unknown := set(names) - {knob.name for knob in there}:
        known = ", ".join(knob.name for knob in there)
        fail(f"There is no knob {', '.join(sorted(unknown))}, but {known}.", code=2)
    yield from (knob for knob in there if not names or knob.name in names)


def _tell(point: Point, default: Config) -> None:
    seen = point.seen
    name = point.config.told(default)
    out.print(f"  {name}: {seen.images_s:.2f} images/s, p95 {seen.p95_s:.2f} s", markup=False)


def _report(sweep: Sweep, folder: Path, where: Where, chosen: Settings) -> None:
    out.print(report.table(sweep))
    said = report.reasons(sweep, chosen.request_timeout_s)
    for sentence in said:
        out.print(sentence, markup=False)
    verdict = recommended(judge(sweep.repeats, sweep.default), sweep.default)
    best = verdict.config if verdict else sweep.default
    text = report.settings_file(best, sweep.default, said, CONFIG_FILES[where])
    (folder / "recommended.env").write_text(text)
    out.print(f"Written: {folder / 'recommended.env'}", markup=False)
    _draw(sweep, folder / "tune.png", where)


def _draw(sweep: Sweep, path: Path, where: Where) -> None:
    try:
        from gateway.tuning import picture  # here: matplotlib is an extra
    except ModuleNotFoundError as error:
        out.print(f"No picture: {error.name} is missing: pip install 'clearbg[tune]'", markup=False)
        return
    picture.draw(sweep, path, f"{where}, {os.cpu_count()} cores")
    out.print(f"Written: {path}", markup=False)
