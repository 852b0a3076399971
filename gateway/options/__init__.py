"""What a caller may ask of a removal."""

from gateway.options.color import Color
from gateway.options.length import Length
from gateway.options.margin import Margin
from gateway.options.options import SUFFIXES, Channels, Format, Options, parse
from gateway.options.placement import Placement
from gateway.options.region import Region
from gateway.options.size import SIZES, Area, Size

__all__ = [
    "SIZES",
    "SUFFIXES",
    "Area",
    "Channels",
    "Color",
    "Format",
    "Length",
    "Margin",
    "Options",
    "Placement",
    "Region",
    "Size",
    "parse",
]
