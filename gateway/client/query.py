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
    """One image, and what to do with it.

    Raises:
        TypeError: the image is no bytes, or there is no such option.
    """

    image: bytes = field(repr=False)
    options: Asked = field(repr=False)

    def __post_init__(self) -> None:
        for name, data in (("image", self.image), ("bg_image", self.backdrop)):
            if not isinstance(data, bytes):
                raise TypeError(f"{name} must be bytes: read the file")
        if unknown := set(self.options) - set(Asked.__annotations__):
            raise TypeError(f"there is no option {', '.join(sorted(unknown))}")

    @property
    def backdrop(self) -> bytes:
        """The picture to lay behind; empty: none."""
        return self.options.get("bg_image", b"")

    @property
    def texts(self) -> dict[str, str]:
        """The options that were given, as a form says them."""
        given = {name: value for name, value in self.options.items() if name != "bg_image"}
        texts = {name: _text(value) for name, value in given.items() if value is not None}
        return {name: text for name, text in texts.items() if text}


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, float) else str(value).strip()
