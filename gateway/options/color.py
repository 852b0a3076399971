"""Colours, as hex codes say them."""

import re

from gateway.errors import BadOption

Color = tuple[int, int, int, int]
"""Red, green, blue and alpha, 0 to 255."""

WHITE = (255, 255, 255)


def parse(text: str) -> Color:
    """Read a hex code of 3, 6 or 8 digits, with or without #.

    Raises:
        BadOption: it is none.
    """
    digits = text.strip().removeprefix("#")
    if not re.fullmatch(r"[0-9a-fA-F]{3}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8}", digits):
        raise BadOption("bg_color must be a hex code such as #FFFFFF, #FFF or #FFFFFF80.")
    if len(digits) == 3:
        digits = "".join(2 * digit for digit in digits)
    red, green, blue, alpha = bytes.fromhex(digits.ljust(8, "f"))
    return red, green, blue, alpha


def on_white(color: Color) -> Color:
    """What a colour looks like on white: opaque."""
    *channels, alpha = color
    red, green, blue = (
        round((channel * alpha + white * (255 - alpha)) / 255)
        for channel, white in zip(channels, WHITE, strict=True)
    )
    return red, green, blue, 255
