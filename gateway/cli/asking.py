"""What is done with a picture, as the options of every command that cuts out."""

import functools
import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from gateway.client import Asked

Key = Annotated[str, typer.Option(help="Its API key.", envvar="CLEARBG_API_KEY")]
CaFile = Annotated[
    Path | None,
    typer.Option(help="PEM certificates to believe, with TLS.", dir_okay=False, exists=True),
]


def asking(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a picture, which it gets as its argument `asked`.

    `asked["format"]` is empty unless it was given: the command knows what it is by default.
    """
    shared = inspect.signature(_asked).parameters

    @functools.wraps(command)
    def taking(**given: Any) -> None:
        asked = _asked(**{name: given.pop(name) for name in shared})
        command(asked=asked, **given)

    own = inspect.signature(command)
    kept = [parameter for name, parameter in own.parameters.items() if name != "asked"]
    # Typer reads this, and not the parameters of `taking`.
    taking.__signature__ = own.replace(  # type: ignore[attr-defined]
        parameters=[
            parameter.replace(kind=inspect.Parameter.KEYWORD_ONLY)
            for parameter in (*kept, *shared.values())
        ]
    )
    return taking


def _asked(
    size: Annotated[
        str, typer.Option(help="Largest result, e.g. 1080p, 4k, 800x600, 2.5MP.")
    ] = "original",
    format_: Annotated[
        str,
        typer.Option(
            "--format", help="png, jpg, webp or zip; default: an output file's suffix, else png."
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
) -> Asked:
    return Asked(
        size=size,
        format=format_,
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
