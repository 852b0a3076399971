"""How large the subject is on the result, and where it lies."""

from dataclasses import dataclass

from gateway.errors import BadOption
from gateway.options import length

MIN_SCALE, MAX_SCALE = 10, 100


@dataclass(frozen=True)
class Placement:
    """Where the subject goes; None leaves it as large, or where, it is."""

    scale: float | None = None
    """Of the result's sides, 0.1 to 1: the subject just fits in so much of both."""
    position: tuple[float, float] | None = None
    """Share of the free room that lies to the left, and above: 0, 0 is the upper left corner."""


ORIGINAL = Placement()
CENTER = (0.5, 0.5)


def parse(scale: str, position: str) -> Placement:
    """Read `original` or a percentage, and `original`, `center` or one or two percentages.

    A subject that is scaled is centred unless something else is asked for.

    Raises:
        BadOption: one of the two is none of that.
    """
    scaled = _scale(scale.lower())
    if not position:
        return Placement(scaled, CENTER if scaled else None)
    return Placement(scaled, _position(position.lower()))


def _scale(text: str) -> float | None:
    if text in ("", "original"):
        return None
    lengths = length.parse(text) or []
    share = lengths[0] if len(lengths) == 1 and lengths[0].percent else None
    if not share or not MIN_SCALE <= share.value <= MAX_SCALE:
        raise BadOption("scale", f"scale must be original, or {MIN_SCALE}% to {MAX_SCALE}%.")
    return share.value / 100


def _position(text: str) -> tuple[float, float] | None:
    if text == "original":
        return None
    if text == "center":
        return CENTER
    lengths = length.parse(text) or []
    shares = [share.value for share in lengths if share.percent and share.value <= 100]
    if not 1 <= len(lengths) == len(shares) <= 2:
        raise BadOption(
            "position",
            "position must be original, center, or one or two percentages such as 50% 100%.",
        )
    return shares[0] / 100, shares[-1] / 100
