"""`clearbg remove`: cut out one image here, with the service's own core and no server."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.console import fail, out, settings
from gateway.errors import GatewayError
from gateway.models import choose
from gateway.options import Options, parse
from gateway.removal import Remover, Result
from gateway.settings import Settings
from serving.manifest import ModelNotBuilt


def remove(
    image: Annotated[
        Path, typer.Argument(help="The image to cut out.", dir_okay=False, exists=True)
    ],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="Default: beside the image, -cutout.png.")
    ] = None,
    size: Annotated[
        str, typer.Option(help="Largest result, e.g. 1080p, 4k, 800x600.")
    ] = "original",
    format_: Annotated[
        str,
        typer.Option("--format", help="png, jpg or webp; default: the output's suffix, else png."),
    ] = "",
    bg_color: Annotated[str, typer.Option(help="Hex background colour, e.g. #FFFFFF.")] = "",
) -> None:
    """Remove the background of one image on this machine."""
    if not format_:
        format_ = output.suffix.lstrip(".") if output else "png"
    try:
        options = parse({"size": size, "format": format_, "bg_color": bg_color})
        result = asyncio.run(_remove(image.read_bytes(), options, settings()))
    except (GatewayError, ModelNotBuilt, ValueError) as error:
        fail(error)
    target = output or image.with_name(f"{image.stem}-cutout.{options.format}")
    write(target, result.data)
    spent = ", ".join(f"{stage} {s:.2f}" for stage, s in result.seconds.items())
    out.print(f"{target}  {result.width}x{result.height}  ({spent} s)", markup=False)


def write(target: Path, data: bytes) -> None:
    """Write a file whole or not at all."""
    partial = target.with_name(f".{target.name}.partial")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except OSError as error:
        partial.unlink(missing_ok=True)
        fail(f"cannot write {target}: {error.strerror}")


async def _remove(data: bytes, options: Options, chosen: Settings) -> Result:
    model = await choose.cpu(chosen)
    remover = Remover(model, chosen)
    try:
        return await remover.remove(data, options)
    finally:
        await model.close()
        remover.close()
