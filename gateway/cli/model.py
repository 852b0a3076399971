"""`clearbg model`: build the model, add others, and show what there is."""

from typing import Annotated

import typer
from rich.table import Table

from gateway.cli.console import Json, fail, load_settings, out, print_rows
from gateway.cli.model_add import CpuPrecision, add
from serving import manifest
from serving.errors import BuildError
from serving.manifest import Artifact, Manifest, ModelNotBuilt

app = typer.Typer(help="Build the model, add others, and show what there is.", no_args_is_help=True)

HASH_DIGITS = 12
"""Digits of each hash in the table: enough to distinguish files. The manifest has all."""


@app.command()
def build(
    torchscript: Annotated[
        bool | None,
        typer.Option(
            help="Also build the form for GPUs, and measure all forms. Default: if the `model` "
            "extra is installed."
        ),
    ] = None,
    version: Annotated[
        int, typer.Option(help="Number of the version to build. Default: the newest one.", min=0)
    ] = 0,
    precision: CpuPrecision = "auto",
) -> None:
    """Fetch the weights and build the model: for CPUs in seconds, for GPUs in minutes."""
    # Imported here: `show` does not need OpenVINO, which takes half a second to import.
    from serving import build as builder

    settings = load_settings()
    with_torchscript = builder.can_export() if torchscript is None else torchscript
    store = settings.data_dir / "weights"
    try:
        built = builder.build(
            settings.weights,
            store,
            manifest.version_folder(settings.model_repository / manifest.DEFAULT, version),
            torchscript=with_torchscript,
            precision=precision,
        )
    except (BuildError, OSError) as error:
        fail(error)
    _print(built)
    if version and not settings.model_version:
        out.print(
            "CLEARBG_MODEL_VERSION is not set: at its next start the service uses the highest "
            "version.",
            markup=False,
        )


app.command()(add)


@app.command("list")
def list_(json: Json = False) -> None:
    """List the models of the repository."""
    settings = load_settings()
    found = manifest.installed(settings.model_repository)
    rows = [
        {
            "name": name,
            "title": built.title,
            "version": built.version,
            "side": built.network.side,
            "default": name == settings.model,
            "licence": built.licence,
            "non_commercial": built.non_commercial,
            "megabytes": round(sum(file.bytes for file in built.artifacts.values()) / 1e6, 1),
        }
        for name, built in found.items()
    ]
    print_rows(rows, json=json)


@app.command()
def remove(name: Annotated[str, typer.Argument(help="Name of an added model.")]) -> None:
    """Remove a model that was added."""
    from serving import add as adding  # here: see `build`

    settings = load_settings()
    if name == settings.model:
        fail(f"{name} is the default (CLEARBG_MODEL): set another one first")
    try:
        adding.remove(name, settings.model_repository)
    except (BuildError, OSError) as error:
        fail(error)
    out.print(f"Model {name} is removed. The service forgets it at its next restart.")


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="Default: the model that CLEARBG_MODEL names.")] = "",
    version: Annotated[
        int, typer.Option(help="Number of its version. Default: the one that is served.", min=0)
    ] = 0,
) -> None:
    """Show what was built, from which weights, and how faithful it is to the original."""
    settings = load_settings()
    is_default = name in ("", settings.model)
    number = version or (settings.model_version if is_default else 0)
    folder = settings.model_repository / (name or settings.model)
    try:
        _print(manifest.read(manifest.version_folder(folder, number)))
    except ModelNotBuilt as error:
        fail(error)


def _print(built: Manifest) -> None:
    out.print(f"{built.version}, built {built.built_at} from {built.source['origin']}")
    out.print(built.licence, style="dim", markup=False)
    out.print(_forms_table(built))
    if built.fidelity:
        out.print(_fidelity_table(built))
    elif "isnet.xml" in built.artifacts:
        out.print(
            f"For TorchScript (GPUs) and measurements: {manifest.EXPORT_COMMAND}", markup=False
        )


def _forms_table(built: Manifest) -> Table:
    table = Table("form", "file", "MB", "SHA-256")
    for form, files in built.formats.items():
        for name, file in files.items():
            table.add_row(form, name, _megabytes(file), file.sha256[:HASH_DIGITS])
            form = ""
    return table


def _megabytes(file: Artifact) -> str:
    return f"{file.bytes / 1e6:.1f}"


def _fidelity_table(built: Manifest) -> Table:
    table = Table("form", "against", "photos", "mean diff /255", "max diff", "mean IoU", "min IoU")
    for row in built.fidelity:
        table.add_row(*(str(value) for value in row.values()))
    return table
