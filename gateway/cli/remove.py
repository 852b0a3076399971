"""`clearbg remove`: cut out an image, or a folder of them, here or by a service."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import folder
from gateway.cli.console import fail, out
from gateway.cli.files import write
from gateway.cli.remover import AT_ONCE_HERE, Remove, here, there
from gateway.client import Asked, Cutout, Problem
from gateway.errors import GatewayError
from serving.manifest import ModelNotBuilt


def remove(
    image: Annotated[
        Path, typer.Argument(help="The image to cut out, or a folder of images.", exists=True)
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o", "--output", help="Default: beside the image, -cutout.png; for a folder, a folder."
        ),
    ] = None,
    server: Annotated[
        str,
        typer.Option(
            help="Ask a service, e.g. grpc://127.0.0.1:50051 or http://127.0.0.1:8080; default: "
            "do it here."
        ),
    ] = "",
    key: Annotated[str, typer.Option(help="Its API key.", envvar="CLEARBG_API_KEY")] = "",
    ca_file: Annotated[
        Path | None,
        typer.Option(help="PEM certificates to believe, with TLS.", dir_okay=False, exists=True),
    ] = None,
    at_once: Annotated[
        int, typer.Option(help="Images of a folder at once, by a service.", min=1)
    ] = 8,
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
    """Remove the background of one image, or of all in a folder."""
    suffix = output.suffix.lstrip(".") if output and image.is_file() else ""
    asked = Asked(
        size=size,
        format=format_ or suffix or "png",
        bg_color=bg_color,
        bg_image=bg_image.read_bytes() if bg_image else b"",
        channels=channels,
        roi=roi,
        crop=crop,
        crop_margin=crop_margin,
        scale=scale,
        position=position,
        shadow=shadow,
    )
    remover = there(server, key, str(ca_file or ""), streamed=image.is_dir()) if server else here()
    try:
        if image.is_dir():
            _folder(image, output, asked, remover, at_once if server else AT_ONCE_HERE)
        else:
            _one(image, output, asked, remover)
    except (Problem, GatewayError, ModelNotBuilt, ValueError, OSError) as error:
        fail(error)


def _one(
    image: Path, output: Path | None, asked: Asked, remover: AbstractAsyncContextManager[Remove]
) -> None:
    data = image.read_bytes()

    async def work() -> Cutout:
        async with remover as ask:
            return await ask(data, asked)

    done = asyncio.run(work())
    target = output or image.with_name(f"{image.stem}-cutout.{asked['format']}")
    write(target, done.image)
    spent = ", ".join(f"{stage} {s:.2f}" for stage, s in done.seconds.items())
    out.print(f"{target}  {done.width}x{done.height}  ({spent} s)", markup=False)


def _folder(
    source: Path,
    output: Path | None,
    asked: Asked,
    remover: AbstractAsyncContextManager[Remove],
    at_once: int,
) -> None:
    source = source.resolve()
    target = (output or source.with_name(f"{source.name}-cutouts")).resolve()
    if target == source:
        fail("the results need a folder of their own: they could replace the images")
    files = folder.targets(folder.images(source), target, asked["format"])
    if not files:
        fail(f"{source} holds no images")
    target.mkdir(parents=True, exist_ok=True)

    async def work() -> int:
        async with remover as ask:
            return await folder.cut_out(files, asked, ask, at_once=at_once)

    failed = asyncio.run(work())
    out.print(f"{target}  {len(files) - failed} of {len(files)} cut out", markup=False)
    if failed:
        raise typer.Exit(1)
