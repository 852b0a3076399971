"""`clearbg model`: build the model, and say what was built."""

import typer
from rich.table import Table

from gateway.cli.console import fail, out, settings
from serving import manifest
from serving.manifest import Manifest, ModelNotBuilt

app = typer.Typer(help="Build the model, and say what was built.", no_args_is_help=True)


@app.command()
def build() -> None:
    """Fetch the weights, export, compile and measure the model. Needs the `model` extra."""
    chosen = settings()
    try:
        from serving import build as builder  # here: it imports torch, which serving never does
        from serving.fidelity import FidelityError
        from serving.weights import WeightsError
    except ModuleNotFoundError as error:
        fail(f"{error.name} is not installed. Use: make model, or pip install 'clearbg[model]'")
    try:
        built = builder.build(chosen.weights, chosen.data_dir / "weights", chosen.model_dir)
    except (WeightsError, FidelityError) as error:
        fail(error)
    _print(built)


@app.command()
def show() -> None:
    """Say what was built, from which weights, and how faithful it is."""
    try:
        _print(manifest.read(settings().model_dir))
    except ModelNotBuilt as error:
        fail(error)


def _print(built: Manifest) -> None:
    out.print(f"{built.version}, built {built.built_at} from {built.source['origin']}")
    out.print(built.licence, style="dim", markup=False)
    table = Table("form", "against", "photos", "mean diff /255", "max diff", "mean IoU", "min IoU")
    for row in built.fidelity:
        table.add_row(*(str(value) for value in row.values()))
    out.print(table)
