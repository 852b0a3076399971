"""Cuts out the images of a folder, several at once, with a progress bar."""

import asyncio
import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path

import typer
from rich.progress import Progress

from gateway.cli.console import err, fail, out
from gateway.cli.files import write_atomically
from gateway.cli.removers import RemoveBackground
from gateway.client import Problem, RemovalOptions
from gateway.concurrency import concurrently
from gateway.errors import GatewayError

SUFFIXES = "jpg jpeg png webp gif bmp tif tiff avif heic heif".split()
"""Suffixes of the files that are processed; others are ignored."""


def images(folder: Path) -> list[Path]:
    """Return the image files of a folder, without those of its subfolders."""
    return sorted(
        path
        for path in folder.iterdir()
        if path.is_file() and path.suffix.lower().removeprefix(".") in SUFFIXES
    )


def result_paths(paths: Sequence[Path], folder: Path, suffix: str) -> dict[Path, Path]:
    """Return a result path for each image; all differ, also on case-insensitive file systems."""
    taken: set[str] = set()
    results = {}
    for path in paths:
        numbered = (f"{path.name}-{number}" for number in itertools.count(2))
        names = itertools.chain((path.stem, path.name), numbered)
        name = next(name for name in names if name.lower() not in taken)
        taken.add(name.lower())
        results[path] = folder / f"{name}.{suffix}"
    return results


def prepare(source: Path, target: Path, suffix: str) -> dict[Path, Path]:
    """Create the folder of the results, and return the result path of each image.

    A source without images, or one that is also the target, ends the command with an error.
    """
    if target == source:
        fail("the results need a folder of their own: they could replace the images")
    files = result_paths(images(source), target, suffix)
    if not files:
        fail(f"{source} contains no images")
    target.mkdir(parents=True, exist_ok=True)
    return files


def finish(target: Path, total: int, failed: int) -> None:
    """Print a summary, and end the command with status 1 if an image failed."""
    out.print(f"{target}  {total - failed} of {total} cut out", markup=False)
    if failed:
        raise typer.Exit(1)


async def cut_out(
    files: Mapping[Path, Path], options: RemovalOptions, remove: RemoveBackground, *, at_once: int
) -> int:
    """Cut out all images, and write each result as soon as it arrives.

    Args:
        files: the result path of each image.
        options: applied to every image.
        remove: cuts out one image.
        at_once: how many images are processed at the same time.

    Returns:
        How many images failed; each failure has been printed.
    """

    async def process(path: Path) -> Exception | None:
        try:
            cutout = await remove(await asyncio.to_thread(path.read_bytes), options)
        except (Problem, GatewayError, OSError) as error:
            return error
        await asyncio.to_thread(write_atomically, files[path], cutout.image)
        return None

    failed = 0
    with Progress(console=err) as bar:
        task = bar.add_task("cutting out", total=len(files))
        async for path, problem in concurrently(files, process, at_once=at_once):
            bar.advance(task)
            if problem:
                failed += 1
                err.print(f"{path}: {problem}", markup=False, style="red")
    return failed
