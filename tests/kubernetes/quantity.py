"""Quantities of CPU, memory and devices, as Kubernetes writes them."""

import re
from decimal import Decimal

FORM = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei|[eE][+-]?\d+)?")
"""apimachinery's resource.Quantity, without signs: nothing here is negative."""
FACTORS = {"": Decimal(1), "m": Decimal("0.001")} | {
    f"{letter}{binary}": Decimal(1024 if binary else 1000) ** power
    for power, letter in enumerate("kMGTPE", 1)
    for binary in ("", "i")
}
FACTORS["Ki"] = FACTORS.pop("ki")


def parse(text: object) -> Decimal:
    """Return a quantity's value.

    Raises:
        ValueError: it is no quantity.
    """
    match = FORM.fullmatch(str(text))
    if not match:
        raise ValueError(f"{text!r} is no quantity")
    number, unit = match[1], match[2] or ""
    return Decimal(number) * FACTORS[unit] if unit in FACTORS else Decimal(number + unit)
