"""`clearbg tune`: find settings that suit this machine."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import fail, load_settings, out
from gateway.cli.first_use import ensure_model
from gateway.settings import Settings
from gateway.tuning import report
from gateway.tuning.benchmark import MeasurementFailed
from gateway.tuning.comparison import compare_with_default, recommend
from gateway.tuning.config import Backend, Config, Knob
from gateway.tuning.journal import NAME, JournalMismatch
from gateway.tuning.session import Session
from gateway.tuning.sweep import ROUNDS, Point, Sweep
from serving.cores import available_cores
from serving.manifest import ModelNotBuilt

INTERRUPTED = 130
"""Exit status by which shells recognise Ctrl-C."""
CONFIG_FILES: dict[Backend, str] = {
    "triton-cpu": "configs/cpu.pbtxt",
    "triton-gpu": "config.pbtxt",
    "cpu": "",
}
"""The file of the model repository that Triton reads."""


Out = Annotated[
    Path, typer.Option("--out", help="Folder for measurements and results.", file_okay=False)
]
BudgetS = Annotated[float, typer.Option(help="Seconds in total; what does not fit is skipped.")]
Seconds = Annotated[float, typer.Option(help="Seconds of load per measurement.", min=0.1)]
WarmupS = Annotated[float, typer.Option(help="Seconds of load before each measurement.", min=0)]
Concurrency = Annotated[
    int, typer.Option(help="Images in flight; 0: 8 on a CPU, 32 on a GPU.", min=0)
]
Photo = Annotated[
    Path | None,
    typer.Option("--photo", help="Image to cut out. Default: a synthetic one of 1 MP."),
]
Rounds = Annotated[
    int,
    typer.Option(
        help="Repeats of the best configurations; with fewer than 4, none is recommended.", min=0
    ),
]
Knobs = Annotated[list[str] | None, typer.Option(help="Try only this knob; may be repeated.")]
Restart = Annotated[bool, typer.Option("--restart", help="Discard earlier measurements.")]


def tune(
    folder: Out = Path("var/tune"),
    budget_s: BudgetS = 560,
    seconds: Seconds = 10,
    warmup_s: WarmupS = 2,
    concurrency: Concurrency = 0,
    image: Photo = None,
    rounds: Rounds = ROUNDS,
    knob: Knobs = None,
    restart: Restart = False,
) -> None:
    """Measure settings on this machine, and recommend those that are better by more than noise.

    If interrupted, the same command resumes. It does not change the service's settings.
    """
    settings = load_settings()
    ensure_model(settings)
    session = Session(settings, folder, concurrency, warmup_s, seconds, image)
    if restart:
        (folder / NAME).unlink(missing_ok=True)
    try:
        backend = _backend(session)
        selected = list(_select(session.knobs(backend), knob or []))
        sweep, journal = session.sweep(backend, selected, budget_s, _print_point)
        out.print(f"{backend}, {available_cores()} cores, at most {budget_s:g} s")
        sweep.rounds = rounds
        sweep.run()
    except (ModelNotBuilt, JournalMismatch, MeasurementFailed, OSError) as error:
        fail(error)
    except KeyboardInterrupt:
        fail("interrupted. Run the same command again to resume.", code=INTERRUPTED)
    if journal.reused:
        out.print(f"{journal.reused} measurements were reused; --restart makes them again")
    _report(sweep, folder, backend, settings)


def _backend(session: Session) -> Backend:
    backend, reason = session.detect_backend()
    if reason:
        out.print(f"No Triton to tune ({reason}): the model runs in the gateway's process.")
    if backend == "triton-gpu":
        out.print("Note: this command was not tested on a GPU before its release.")
    return backend


def _select(available: list[Knob], names: list[str]) -> Iterator[Knob]:
    if unknown := set(names) - {knob.name for knob in available}:
        known = ", ".join(knob.name for knob in available)
        fail(f"There is no knob {', '.join(sorted(unknown))}; there are: {known}.", code=2)
    yield from (knob for knob in available if not names or knob.name in names)


def _print_point(point: Point, default: Config) -> None:
    measured = point.measurement
    name = point.config.describe(default)
    out.print(
        f"  {name}: {measured.images_s:.2f} images/s, p95 {measured.p95_s:.2f} s", markup=False
    )


def _report(sweep: Sweep, folder: Path, backend: Backend, settings: Settings) -> None:
    out.print(report.table(sweep))
    sentences = report.explain(sweep, settings.request_timeout_s)
    for sentence in sentences:
        out.print(sentence, markup=False)
    recommended = recommend(compare_with_default(sweep.repeats, sweep.default), sweep.default)
    best = recommended.config if recommended else sweep.default
    text = report.settings_file(best, sweep.default, sentences, CONFIG_FILES[backend])
    (folder / "recommended.env").write_text(text)
    out.print(f"Written: {folder / 'recommended.env'}", markup=False)
    _draw(sweep, folder / "tune.png", backend)


def _draw(sweep: Sweep, path: Path, backend: Backend) -> None:
    try:
        from gateway.tuning import chart  # imported here: matplotlib is an extra
    except ModuleNotFoundError as error:
        out.print(f"No chart: {error.name} is missing: pip install 'clearbg[tune]'", markup=False)
        return
    chart.draw(sweep, path, f"{backend}, {available_cores()} cores")
    out.print(f"Written: {path}", markup=False)
