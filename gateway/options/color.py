"""The option `bg_color`."""

import re

from PIL import ImageColor

from gateway.errors import BadOption

Color = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0 to 255."""

WHITE = (255, 255, 255)


def parse(text: str) -> Color:
    """Parse a hex code of 3, 4, 6 or 8 digits, with or without #, or a CSS colour name.

    Raises:
        BadOption: the text is neither.
    """
    name = text.strip().lower()
    if name in ImageColor.colormap:
        red, green, blue = ImageColor.getrgb(name)[:3]
        return red, green, blue, 255
    digits = name.removeprefix("#")
    if not re.fullmatch(r"[0-9a-f]{3,4}|[0-9a-f]{6}|[0-9a-f]{8}", digits):
        raise BadOption(
            "bg_color",
            "bg_color must be a hex code such as #FFFFFF, #FFF or #FFFFFF80, or a name such as "
            "white.",
        )
    if len(digits) <= 4:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    return red, green, blue, alpha


def on_white(color: Color) -> Color:
    """Return the opaque colour that results on a white background."""
    *channels, alpha = color
    red, green, blue = (
        round((channel * alpha + white * (255 - alpha)) / 255)
        for channel, white in zip(channels, WHITE, strict=True)
    )
    return red, green, blue, 255
