"""The options of an image that correct its mask and change its edges."""

from pathlib import Path
from typing import Annotated

import typer

from gateway.client import RemovalOptions


def edge_options(
    mask: Annotated[
        Path | None,
        typer.Option(help="Mask to use instead of the model's.", dir_okay=False, exists=True),
    ] = None,
    trimap: Annotated[
        Path | None,
        typer.Option(help="What to keep (white) and erase (black).", dir_okay=False, exists=True),
    ] = None,
    keep: Annotated[
        str,
        typer.Option(help="Rectangles that are foreground, e.g. '0 0 50px 90px; 0% 80% 9% 99%'."),
    ] = "",
    erase: Annotated[str, typer.Option(help="Rectangles that are background.")] = "",
    invert: Annotated[bool, typer.Option(help="Keep the background instead.")] = False,
    threshold: Annotated[
        float, typer.Option(help="Alpha that becomes opaque, 0 to 100; less is cut off. 0: off.")
    ] = 0,
    smooth: Annotated[str, typer.Option(help="Round jagged edges, e.g. by 4px.")] = "",
    expand: Annotated[str, typer.Option(help="Move edges outward, e.g. by 0.5% or -2px.")] = "",
    feather: Annotated[str, typer.Option(help="Fade edges, e.g. over 3px or 0.5%.")] = "",
) -> RemovalOptions:
    """Return the options; files are read."""
    options = RemovalOptions(
        mask=mask.read_bytes() if mask else b"",
        trimap=trimap.read_bytes() if trimap else b"",
        keep=keep,
        erase=erase,
        smooth=smooth,
        expand=expand,
        feather=feather,
    )
    # Without them, a folder that an older version has begun is continued.
    if invert:
        options["invert"] = True
    if threshold:
        options["threshold"] = threshold
    return options
