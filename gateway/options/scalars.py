"""Flags and percentages, for several options."""

import re

from gateway.errors import BadOption

FLAGS = {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}


def flag(name: str, text: str) -> bool:
    """Parse a boolean.

    Raises:
        BadOption: the text is no boolean.
    """
    if text.lower() not in FLAGS:
        raise BadOption(name, f"{name} must be true or false.")
    return FLAGS[text.lower()]


def percentage(name: str, text: str) -> float:
    """Parse 0 to 100 to a share, 0 to 1.

    Raises:
        BadOption: the text is no number in that range.
    """
    if not re.fullmatch(r"[0-9]{1,3}(\.[0-9]{1,6})?", text) or float(text) > 100:
        raise BadOption(name, f"{name} must be 0 to 100.")
    return float(text) / 100
