"""The options of a removal."""

from gateway.options.color import Color
from gateway.options.edge_controls import EdgeControls
from gateway.options.length import Length
from gateway.options.margin import Margin
from gateway.options.options import SUFFIXES, Channels, Format, Options, Refine, parse
from gateway.options.placement import Placement
from gateway.options.region import Region
from gateway.options.size import SIZES, Area, Size

__all__ = [
    "SIZES",
    "SUFFIXES",
    "Area",
    "Channels",
    "Color",
    "EdgeControls",
    "Format",
    "Length",
    "Margin",
    "Options",
    "Placement",
    "Refine",
    "Region",
    "Size",
    "parse",
]
