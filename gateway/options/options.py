"""What a caller may ask of a removal: one dataclass, one parser, for every transport."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from gateway.errors import BadOption
from gateway.options import color, margin, placement, region, size
from gateway.options.color import Color
from gateway.options.margin import Margin
from gateway.options.placement import ORIGINAL, Placement
from gateway.options.region import Region
from gateway.options.size import Area, Size


class Format(StrEnum):
    """The format of the result."""

    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"
    ZIP = "zip"

    @property
    def media_type(self) -> str:
        """As the Content-Type header says it."""
        return MEDIA_TYPES[self]


MEDIA_TYPES = {
    Format.PNG: "image/png",
    Format.JPG: "image/jpeg",
    Format.WEBP: "image/webp",
    Format.ZIP: "application/zip",
}


SUFFIXES = {media_type: kind.value for kind, media_type in MEDIA_TYPES.items()}
"""Of file names, by media type."""


class Channels(StrEnum):
    """What the result shows."""

    RGBA = "rgba"
    ALPHA = "alpha"
    """The alpha itself, as a grey picture."""


@dataclass(frozen=True)
class Options:
    """One request's options, valid by construction when `parse` made them."""

    size: Size | Area | None = None
    """None keeps the original size."""
    format: Format = Format.PNG
    bg_color: Color | None = None
    """None leaves the background transparent, where the format can."""
    channels: Channels = Channels.RGBA
    crop: bool = False
    """Cut off what is empty around the subject."""
    crop_margin: Margin = Margin()
    roi: Region | None = None
    """Where a subject is looked for; all else is background. None: everywhere."""
    placement: Placement = ORIGINAL
    shadow: float = 0
    """Opacity of a soft drop shadow, 0 to 1."""
    must_find: bool = False
    """An image in which nothing is found is an error, which costs nothing."""

    def result_size(self, width: int, height: int) -> tuple[int, int]:
        """The (width, height) of the result, before cropping, for a picture of this one."""
        return self.size.fit(width, height) if self.size else (width, height)

    @property
    def is_matte(self) -> bool:
        """The result is the alpha itself, as a grey picture; a ZIP has it beside the colours."""
        return self.channels is Channels.ALPHA and self.format is not Format.ZIP

    @property
    def background(self) -> Color | None:
        """What lies behind the foreground; JPEG has no transparency, so there it lies on white."""
        if self.is_matte:
            return None
        if self.format is Format.JPG:
            return color.on_white(self.bg_color or (0, 0, 0, 0))
        return self.bg_color if self.bg_color and self.bg_color[3] else None


def parse(fields: Mapping[str, str]) -> Options:
    """Read the options from a form's, a call's or a command line's text fields.

    Unknown fields are ignored, and empty ones count as not sent.

    Raises:
        BadOption: naming the field and its allowed values.
    """
    given = {name: text.strip() for name, text in fields.items() if text.strip()}
    format_ = given.get("format", "png").lower()
    return Options(
        size=size.parse(given.get("size", "original")),
        format=_one_of(Format, "format", "jpg" if format_ == "jpeg" else format_),
        bg_color=color.parse(given["bg_color"]) if "bg_color" in given else None,
        channels=_one_of(Channels, "channels", given.get("channels", "rgba").lower()),
        crop=flag("crop", given.get("crop", "false")),
        crop_margin=margin.parse(given.get("crop_margin", "0")),
        roi=region.parse(given["roi"]) if "roi" in given else None,
        placement=placement.parse(given.get("scale", ""), given.get("position", "")),
        shadow=_share("shadow", given.get("shadow", "0")),
    )


Choice = TypeVar("Choice", bound=StrEnum)


def _one_of(kind: type[Choice], name: str, text: str) -> Choice:
    try:
        return kind(text)
    except ValueError as error:
        raise BadOption(name, f"{name} must be one of {', '.join(kind)}.") from error


def flag(name: str, text: str) -> bool:
    """Read a boolean.

    Raises:
        BadOption: it is none.
    """
    known = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}
    if text.lower() not in known:
        raise BadOption(name, f"{name} must be true or false.")
    return known[text.lower()]


def _share(name: str, text: str) -> float:
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text) or float(text) > 100:
        raise BadOption(name, f"{name} must be 0 to 100.")
    return float(text) / 100
