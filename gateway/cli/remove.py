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
        str, typer.Option(help="Largest result, e.g. 1080p, 4k, 800x600, 2.5MP.")
    ] = "original",
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="png, jpg, webp or zip; default: the output's suffix, else png."
        ),
    ] = "",
    bg_color: Annotated[str, typer.Option(help="Background colour, e.g. #FFFFFF or white.")] = "",
    bg_image: Annotated[
        Path | None, typer.Option(help="Image to put behind.", dir_okay=False, exists=True)
    ] = None,
    channels: Annotated[str, typer.Option(help="rgba, or alpha for the alpha itself.")] = "rgba",
    roi: Annotated[str, typer.Option(help="Where to look, e.g. '0% 0% 50% 100%'.")] = "",
    crop: Annotated[bool, typer.Option(help="Cut off what is empty.")] = False,
    crop_margin: Annotated[str, typer.Option(help="Room that it leaves, e.g. '10px 5%'.")] = "0",
    scale: Annotated[str, typer.Option(help="Size of the foreground, e.g. 80%.")] = "",
    position: Annotated[str, typer.Option(help="Its place, e.g. center or '50% 100%'.")] = "",
    shadow: Annotated[float, typer.Option(help="Opacity of a drop shadow, 0 to 100.")] = 0,
) -> None:
    """Remove the background of one image on this machine."""
    suffix = output.suffix.lstrip(".") if output else ""
    fields = {
        "size": size,
        "format": format_ or suffix or "png",
        "bg_color": bg_color,
        "channels": channels,
        "roi": roi,
        "crop": str(crop),
        "crop_margin": crop_margin,
        "scale": scale,
        "position": position,
        "shadow": f"{shadow:f}",
    }
    try:
        options = parse(fields)
        backdrop = bg_image.read_bytes() if bg_image else None
        result = asyncio.run(_remove(image.read_bytes(), backdrop, options, settings()))
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


async def _remove(
    data: bytes, backdrop: bytes | None, options: Options, chosen: Settings
) -> Result:
    model = await choose.cpu(chosen)
    remover = Remover(model, chosen)
    try:
        return await remover.remove(data, options, backdrop=backdrop)
    finally:
        await model.close()
        remover.close()
