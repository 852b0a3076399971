"""Regions of an image: the options `roi`, `keep` and `erase`."""

from dataclasses import dataclass, field

from gateway.errors import BadOption
from gateway.options import length
from gateway.options.length import Length

MAX_RECTANGLES = 100
"""Of one option; more belong into a picture."""


@dataclass(frozen=True)
class Region:
    """A rectangle of two corners, in pixels of the image or percent of its sides."""

    left: Length
    top: Length
    right: Length
    bottom: Length
    name: str = field(default="roi", repr=False)
    """The option that it is of, for errors."""

    def shares(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Return left, top, right and bottom as shares of an image of this size, 0 to 1.

        Raises:
            BadOption: a corner is outside the image, or the rectangle has no pixels.
        """
        x = sorted((self.left.of(width), self.right.of(width)))
        y = sorted((self.top.of(height), self.bottom.of(height)))
        if x[1] > width or y[1] > height:
            raise BadOption(
                self.name,
                f"{self.name} reaches beyond the image, which has {width}x{height} pixels.",
                f"{self.name}_exceeds_bounds",
            )
        if x[1] - x[0] < 1 or y[1] - y[0] < 1:
            raise BadOption(self.name, f"{self.name} has no pixels.", f"{self.name}_region_empty")
        return x[0] / width, y[0] / height, x[1] / width, y[1] / height


def parse(text: str, name: str = "roi") -> Region:
    """Parse two corners: x1 y1 x2 y2.

    Args:
        text: of the option.
        name: of the option.

    Raises:
        BadOption: the text is not four lengths.
    """
    lengths = length.parse(text)
    if not lengths or len(lengths) != 4:
        raise BadOption(name, f"{name} must be four lengths, x1 y1 x2 y2, such as 0% 0% 50% 100%.")
    left, top, right, bottom = lengths
    return Region(left, top, right, bottom, name)


def parse_several(name: str, text: str) -> tuple[Region, ...]:
    """Parse rectangles separated by semicolons; none if the text is empty.

    Raises:
        BadOption: one of them is not four lengths, or there are too many.
    """
    rectangles = [each for each in text.split(";") if each.strip()]
    if len(rectangles) > MAX_RECTANGLES:
        raise BadOption(name, f"{name} must be at most {MAX_RECTANGLES} rectangles.")
    return tuple(parse(each, name) for each in rectangles)
