"""`clearbg remove`: cut out an image, or a folder of them, here or by a service."""

import asyncio
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli import folder
from gateway.cli.asking import CaFile, Key, asking
from gateway.cli.console import fail, out
from gateway.cli.files import write
from gateway.cli.remover import AT_ONCE_HERE, Remove, here, there
from gateway.client import Asked, Cutout, Problem
from gateway.errors import GatewayError
from serving.manifest import ModelNotBuilt


@asking
def remove(
    asked: Asked,
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
    key: Key = "",
    ca_file: CaFile = None,
    at_once: Annotated[
        int, typer.Option(help="Images of a folder at once, by a service.", min=1)
    ] = 8,
) -> None:
    """Remove the background of one image, or of all in a folder."""
    suffix = output.suffix.lstrip(".") if output and image.is_file() else ""
    asked["format"] = asked["format"] or suffix or "png"
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
    files = folder.results(source, target, asked["format"])

    async def work() -> int:
        async with remover as ask:
            return await folder.cut_out(files, asked, ask, at_once=at_once)

    failed = asyncio.run(work())
    folder.tell(target, len(files), failed)
