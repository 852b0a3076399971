"""The options of one removal, and their parser for every transport."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TypeVar

from gateway.errors import BadOption
from gateway.options import color, edge_controls, margin, placement, region, size, variants
from gateway.options.color import Color
from gateway.options.edge_controls import UNCHANGED, EdgeControls
from gateway.options.margin import Margin
from gateway.options.placement import ORIGINAL, Placement
from gateway.options.region import Region
from gateway.options.scalars import flag, percentage
from gateway.options.size import Area, Size


class Format(StrEnum):
    """The format of the result."""

    PNG = "png"
    JPG = "jpg"
    WEBP = "webp"
    ZIP = "zip"

    @property
    def media_type(self) -> str:
        """The value of the Content-Type header."""
        return MEDIA_TYPES[self]


MEDIA_TYPES = {
    Format.PNG: "image/png",
    Format.JPG: "image/jpeg",
    Format.WEBP: "image/webp",
    Format.ZIP: "application/zip",
}


SUFFIXES = {media_type: kind.value for kind, media_type in MEDIA_TYPES.items()}
"""File name suffixes by media type."""


class Channels(StrEnum):
    """The channels of the result."""

    RGBA = "rgba"
    ALPHA = "alpha"
    """Alpha alone, as a grey picture."""


class Refine(StrEnum):
    """How soft edges follow the picture's colours."""

    AUTO = "auto"
    OFF = "off"
    """The model's mask, enlarged."""
    HIGH = "high"
    """More exact, and slower: for single pictures."""


@dataclass(frozen=True)
class Options:
    """The options of one request. `parse` returns only valid ones."""

    size: Size | Area | None = None
    """None: the original size."""
    format: Format = Format.PNG
    bg_color: Color | None = None
    """None: transparent, or white if the format has no transparency."""
    channels: Channels = Channels.RGBA
    crop: bool = False
    """Crop the result to the subject."""
    crop_margin: Margin = Margin()
    roi: Region | None = None
    """Region of interest: all outside it is background. None: the whole image."""
    keep: tuple[Region, ...] = ()
    """Rectangles that are foreground, whatever the mask says."""
    erase: tuple[Region, ...] = ()
    """Rectangles that are background, whatever the mask and `keep` say."""
    edges: EdgeControls = UNCHANGED
    placement: Placement = ORIGINAL
    shadow: float = 0
    """Opacity of a soft drop shadow, 0 to 1."""
    refine: Refine = Refine.AUTO
    must_find: bool = False
    """An image without foreground is an error, which is not charged."""
    model: str = ""
    """Name of the model; empty: the default. The core rejects one that there is not."""
    variants: tuple["Options", ...] = ()
    """Options of several results, which are made instead of one with these options."""

    @property
    def numbered(self) -> list[tuple[int | None, "Options"]]:
        """The options of each result with its number among the variants; None: there are none."""
        return list(enumerate(self.variants)) or [(None, self)]

    def result_size(self, width: int, height: int) -> tuple[int, int]:
        """Return the (width, height) of the result before cropping, for an image of this size."""
        return self.size.fit(width, height) if self.size else (width, height)

    @property
    def is_matte(self) -> bool:
        """Whether the result is alpha alone, as a grey picture; a ZIP always contains both."""
        return self.channels is Channels.ALPHA and self.format is not Format.ZIP

    @property
    def background(self) -> Color | None:
        """The colour behind the foreground; always opaque for JPEG, which has no transparency."""
        if self.is_matte:
            return None
        if self.format is Format.JPG:
            return color.on_white(self.bg_color or (0, 0, 0, 0))
        return self.bg_color if self.bg_color and self.bg_color[3] else None


def parse(fields: Mapping[str, str]) -> Options:
    """Parse options from the text fields of a form, call or command line.

    Unknown and empty fields are ignored. The options of the variants are those of the form, with
    their own in place of some.

    Raises:
        BadOption: a value is invalid; the message names the field and its allowed values.
    """
    options = _parse(fields)
    parsed = []
    text = fields.get(variants.NAME, "").strip()
    for number, own in enumerate(variants.fields(text) if text else ()):
        with variants.naming_variant(number):
            parsed.append(_parse({**fields, **own}))
    return replace(options, variants=tuple(parsed))


def _parse(fields: Mapping[str, str]) -> Options:
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
        keep=region.parse_several("keep", given.get("keep", "")),
        erase=region.parse_several("erase", given.get("erase", "")),
        edges=edge_controls.parse(given),
        placement=placement.parse(given.get("scale", ""), given.get("position", "")),
        shadow=percentage("shadow", given.get("shadow", "0")),
        refine=_one_of(Refine, "refine", given.get("refine", "auto").lower()),
        model=given.get("model", ""),
    )


Choice = TypeVar("Choice", bound=StrEnum)


def _one_of(kind: type[Choice], name: str, text: str) -> Choice:
    try:
        return kind(text)
    except ValueError as error:
        raise BadOption(name, f"{name} must be one of {', '.join(kind)}.") from error
