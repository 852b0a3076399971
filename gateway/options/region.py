"""The part of an image in which a subject is looked for."""

from dataclasses import dataclass

from gateway.errors import BadOption
from gateway.options import length
from gateway.options.length import Length


@dataclass(frozen=True)
class Region:
    """Two corners, in pixels of the image or in percent of its sides."""

    left: Length
    top: Length
    right: Length
    bottom: Length

    def shares(self, width: int, height: int) -> tuple[float, float, float, float]:
        """Left, top, right and bottom as shares of an image of this size, 0 to 1.

        Raises:
            BadOption: a corner lies outside of the image, or nothing lies between the two.
        """
        across = sorted((self.left.of(width), self.right.of(width)))
        down = sorted((self.top.of(height), self.bottom.of(height)))
        if across[1] > width or down[1] > height:
            raise BadOption(
                "roi",
                f"roi reaches beyond the image, which has {width}x{height} pixels.",
                "roi_exceeds_bounds",
            )
        if across[1] - across[0] < 1 or down[1] - down[0] < 1:
            raise BadOption("roi", "roi has no pixels.", "roi_region_empty")
        return across[0] / width, down[0] / height, across[1] / width, down[1] / height


def parse(text: str) -> Region:
    """Read two corners: x1 y1 x2 y2.

    Raises:
        BadOption: they are not four lengths.
    """
    lengths = length.parse(text)
    if not lengths or len(lengths) != 4:
        raise BadOption("roi", "roi must be four lengths, x1 y1 x2 y2, such as 0% 0% 50% 100%.")
    return Region(*lengths)
