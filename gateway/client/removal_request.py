"""One image and its options, before a transport encodes them."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypedDict


class RemovalOptions(TypedDict, total=False):
    """The options of docs/options.md, without the image itself."""

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
    refine: str
    model: str
    threshold: float
    feather: str
    expand: str
    invert: bool
    smooth: str
    keep: str
    erase: str
    mask: bytes
    trimap: bytes


FILES = ("bg_image", "mask", "trimap")
"""The options that are files."""


@dataclass(frozen=True)
class RemovalRequest:
    """One image and its options.

    Raises:
        TypeError: a file is not bytes, or an option does not exist.
    """

    image: bytes = field(repr=False)
    options: RemovalOptions = field(repr=False)
    variants: Sequence[RemovalOptions] = ()
    """Of several results; what one leaves out is as in `options`."""

    def __post_init__(self) -> None:
        given = [(name, data) for name, data in self.options.items() if name in FILES]
        for name, data in (("image", self.image), *given):
            if not isinstance(data, bytes):
                raise TypeError(f"{name} must be bytes: read the file")
        names = {name for options in (self.options, *self.variants) for name in options}
        if unknown := names - set(RemovalOptions.__annotations__):
            raise TypeError(f"there is no option {', '.join(sorted(unknown))}")

    @property
    def files(self) -> dict[str, bytes]:
        """The files among the options, by name; without empty ones."""
        files = {name: self.options.get(name) for name in FILES}
        return {name: data for name, data in files.items() if isinstance(data, bytes) and data}

    @property
    def form_fields(self) -> dict[str, str]:
        """The options that were given, but for files, as texts of a form."""
        variants = {"variants": json.dumps(self.variant_fields)} if self.variants else {}
        return _texts(self.options) | variants

    @property
    def variant_fields(self) -> list[dict[str, str]]:
        """The options of each variant, as texts."""
        return [_texts(options) for options in self.variants]


def _texts(options: RemovalOptions) -> dict[str, str]:
    given = {name: value for name, value in options.items() if name not in FILES}
    texts = {name: _text(value) for name, value in given.items() if value is not None}
    return {name: text for name, text in texts.items() if text}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, float) else str(value).strip()
