"""The options of an image, for every command that cuts out."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import typer

from gateway.cli.edge_options import edge_options
from gateway.client import RemovalOptions

Key = Annotated[str, typer.Option(help="API key for the service.", envvar="CLEARBG_API_KEY")]
CaFile = Annotated[
    Path | None,
    typer.Option(
        help="PEM certificates to trust, with TLS. Default: the system's.",
        dir_okay=False,
        exists=True,
    ),
]


def with_image_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of an image to a command, which gets them as its argument `options`.

    `options["format"]` is empty unless it was given: its default depends on the command.
    """
    parts = {part: inspect.signature(part).parameters for part in (_removal_options, edge_options)}

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> None:
        options = RemovalOptions()
        for part, names in parts.items():
            options.update(part(**{name: arguments.pop(name) for name in names}))
        command(options=options, **arguments)

    own = inspect.signature(command)
    kept = [parameter for name, parameter in own.parameters.items() if name != "options"]
    # Typer reads the options from the signature.
    wrapper.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in (*kept, *(p for names in parts.values() for p in names.values()))
        ]
    )
    return wrapper


def _removal_options(
    size: Annotated[
        str, typer.Option(help="Largest size of the result: 1080p, 4k, 800x600, 2.5MP, …")
    ] = "original",
    format_: Annotated[
        str,
        typer.Option(
            "--format",
            help="png, jpg, webp or zip. Default: the suffix of the output file, else png.",
        ),
    ] = "",
    bg_color: Annotated[str, typer.Option(help="Background colour, e.g. #FFFFFF or white.")] = "",
    bg_image: Annotated[
        Path | None, typer.Option(help="Background image.", dir_okay=False, exists=True)
    ] = None,
    channels: Annotated[str, typer.Option(help="rgba, or alpha: a grey image.")] = "rgba",
    roi: Annotated[
        str, typer.Option(help="Region that may contain the foreground, e.g. '0% 0% 50% 100%'.")
    ] = "",
    crop: Annotated[bool, typer.Option(help="Crop to the foreground.")] = False,
    crop_margin: Annotated[
        str, typer.Option(help="Margin around the cropped foreground, e.g. '10px 5%'.")
    ] = "0",
    scale: Annotated[str, typer.Option(help="Size of the foreground, e.g. 80%.")] = "",
    position: Annotated[
        str,
        typer.Option(help="Position of the foreground in the result: center, '50% 100%', …"),
    ] = "",
    shadow: Annotated[float, typer.Option(help="Opacity of a drop shadow, 0 to 100.")] = 0,
    refine: Annotated[
        str, typer.Option(help="Soft edges: auto, off (the enlarged mask), or high (slower).")
    ] = "auto",
    model: Annotated[str, typer.Option(help="Name of the model. Default: the service's.")] = "",
) -> RemovalOptions:
    given = locals()
    given["format"] = given.pop("format_")
    given["bg_image"] = bg_image.read_bytes() if bg_image else b""
    return cast(RemovalOptions, given)
