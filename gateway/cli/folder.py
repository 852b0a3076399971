"""A folder of images, several at once, with a progress bar."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer
from rich.progress import Progress

from gateway.cli.console import err, fail, out
from gateway.cli.files import write
from gateway.cli.remover import Remove
from gateway.client import Asked, Problem
from gateway.errors import GatewayError
from gateway.together import together

SUFFIXES = "jpg jpeg png webp gif bmp tif tiff avif heic heif".split()
"""Of files that are taken for images."""


def images(folder: Path) -> list[Path]:
    """The images of a folder, those below it left out."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower().removeprefix(".") in SUFFIXES
    )


def targets(paths: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """Where each result goes: no two to the same file, also where case is ignored."""
    taken: set[str] = set()
    found = {}
    for path in paths:
        numbered = (f"{path.name}-{number}" for number in itertools.count(2))
        names = itertools.chain((path.stem, path.name), numbered)
        name = next(name for name in names if name.lower() not in taken)
        taken.add(name.lower())
        found[path] = folder / f"{name}.{suffix}"
    return found


def results(source: Path, target: Path, suffix: str) -> dict[Path, Path]:
    """Where the result of each image of a folder goes, in another folder, which is made.

    There must be images, and two folders: else the command ends.
    """
    if target == source:
        fail("the results need a folder of their own: they could replace the images")
    files = targets(images(source), target, suffix)
    if not files:
        fail(f"{source} holds no images")
    target.mkdir(parents=True, exist_ok=True)
    return files


def tell(target: Path, total: int, failed: int) -> None:
    """End the command with one line; its status says whether any image failed."""
    out.print(f"{target}  {total - failed} of {total} cut out", markup=False)
    if failed:
        raise typer.Exit(1)


async def cut_out(files: Mapping[Path, Path], asked: Asked, ask: Remove, *, at_once: int) -> int:
    """Cut out all, and write each result as soon as it is there.

    Args:
        files: where the result of each goes.
        asked: what to do with each.
        ask: does it.
        at_once: how many at once.

    Returns:
        How many failed; each one is told.
    """

    async def one(path: Path) -> Exception | None:
        try:
            done = await ask(await asyncio.to_thread(path.read_bytes), asked)
        except (Problem, GatewayError, OSError) as error:
            return error
        await asyncio.to_thread(write, files[path], done.image)
        return None

    failed = 0
    with Progress(console=err) as bar:
        task = bar.add_task("cutting out", total=len(files))
        async for path, problem in together(files, one, at_once=at_once):
            bar.advance(task)
            if problem:
                failed += 1
                err.print(f"{path}: {problem}", markup=False, style="red")
    return failed
