"""What a service is asked."""

from dataclasses import dataclass, field
from typing import TypedDict


class Asked(TypedDict, total=False):
    """The options, as the README lists them."""

    size: str
    format: str
    bg_color: str
    bg_image: bytes
    channels: str
    roi: str
    crop: bool
    crop_margin: str
    scale: str
    position: str
    shadow: float


@dataclass(frozen=True)
class Query:
    """One image, and what to do with it."""

    image: bytes = field(repr=False)
    options: Asked = field(repr=False)
