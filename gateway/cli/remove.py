"""`clearbg remove`: cut out an image or the images of a folder, in this process or by a service."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import folder
from gateway.cli.console import fail, out
from gateway.cli.files import write_atomically
from gateway.cli.image_options import CaFile, Key, with_image_options
from gateway.cli.removers import LOCAL_CONCURRENCY, RemoveBackground, local, remote
from gateway.client import Cutout, Problem, RemovalOptions
from gateway.errors import GatewayError
from serving.manifest import ModelNotBuilt


@with_image_options
def remove(
    options: RemovalOptions,
    image: Annotated[
        Path, typer.Argument(help="The image to cut out, or a folder of images.", exists=True)
    ],
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="File, or for a folder a folder. Default: next to the image, as NAME-cutout.png.",
        ),
    ] = None,
    server: Annotated[
        str,
        typer.Option(
            help="URL of a service that does the work, e.g. grpc://127.0.0.1:50051 or "
            "http://127.0.0.1:8080. Default: this process does it."
        ),
    ] = "",
    key: Key = "",
    ca_file: CaFile = None,
    at_once: Annotated[
        int, typer.Option(help="Images of a folder that a service gets at the same time.", min=1)
    ] = 8,
) -> None:
    """Remove the background of an image, or of all images in a folder."""
    suffix = output.suffix.lstrip(".") if output and image.is_file() else ""
    options["format"] = options["format"] or suffix or "png"
    remover = (
        remote(server, key, str(ca_file or ""), streamed=image.is_dir()) if server else local()
    )
    try:
        if image.is_dir():
            _remove_folder(
                image, output, options, remover, at_once if server else LOCAL_CONCURRENCY
            )
        else:
            _remove_file(image, output, options, remover)
    except (Problem, GatewayError, ModelNotBuilt, ValueError, OSError) as error:
        fail(error)


def _remove_file(
    image: Path,
    output: Path | None,
    options: RemovalOptions,
    remover: AbstractAsyncContextManager[RemoveBackground],
) -> None:
    data = image.read_bytes()

    async def run() -> Cutout:
        async with remover as remove_background:
            return await remove_background(data, options)

    cutout = asyncio.run(run())
    target = output or image.with_name(f"{image.stem}-cutout.{options['format']}")
    write_atomically(target, cutout.image)
    stages = ", ".join(f"{stage} {seconds:.2f}" for stage, seconds in cutout.seconds.items())
    out.print(f"{target}  {cutout.width}x{cutout.height}  ({stages} s)", markup=False)


def _remove_folder(
    source: Path,
    output: Path | None,
    options: RemovalOptions,
    remover: AbstractAsyncContextManager[RemoveBackground],
    at_once: int,
) -> None:
    source = source.resolve()
    target = (output or source.with_name(f"{source.name}-cutouts")).resolve()
    files = folder.prepare(source, target, options["format"])

    async def run() -> int:
        async with remover as remove_background:
            return await folder.cut_out(files, options, remove_background, at_once=at_once)

    failed = asyncio.run(run())
    folder.finish(target, len(files), failed)
