"""The options `scale` and `position`: size and place of the subject in the result."""

from dataclasses import dataclass

from gateway.errors import BadOption
from gateway.options import length

MIN_SCALE, MAX_SCALE = 10, 100


@dataclass(frozen=True)
class Placement:
    """Scale and position of the subject; None keeps the original one."""

    scale: float | None = None
    """Share of the result's sides that the subject fits into, 0.1 to 1."""
    position: tuple[float, float] | None = None
    """Shares of the free room to the left and above, 0 to 1: (0, 0) is the upper left corner."""


ORIGINAL = Placement()
CENTER = (0.5, 0.5)


def parse(scale: str, position: str) -> Placement:
    """Parse a scale, `original` or a percentage, and a position.

    The position is `original`, `center`, or one or two percentages. Its default is `center` if the
    subject is scaled, else `original`.

    Raises:
        BadOption: one of the two is invalid.
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
