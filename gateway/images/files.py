"""The files of one request: the image, and what comes with it."""

from dataclasses import dataclass, field

from gateway.errors import BadImage, ImageTooLarge, TooManyPixels
from gateway.images import header
from gateway.images.header import Header


@dataclass(frozen=True)
class Files:
    """Encoded files."""

    image: bytes = field(repr=False)
    backdrop: bytes | None = field(default=None, repr=False)
    """To be laid behind the foreground."""
    mask: bytes | None = field(default=None, repr=False)
    """To be used instead of the model's mask; see `levels.decode_mask`."""
    trimap: bytes | None = field(default=None, repr=False)
    """What to keep and what to erase; see `levels.decode_trimap`."""


@dataclass(frozen=True)
class Headers:
    """Their headers."""

    image: Header
    backdrop: Header | None = None
    mask: Header | None = None
    trimap: Header | None = None

    @property
    def pixels(self) -> int:
        """Of all files together."""
        files = (self.image, self.backdrop, self.mask, self.trimap)
        return sum(header.pixels for header in files if header)


def read_headers(files: Files, *, max_bytes: int, max_pixels: int) -> Headers:
    """Read the headers, and check each file against the limits.

    Raises:
        ImageTooLarge: a file has more than `max_bytes`.
        BadImage, TooManyPixels: as `header.read` raises them; the message says which file it is.
    """

    def read(data: bytes) -> Header:
        if len(data) > max_bytes:
            raise ImageTooLarge(max_bytes)
        return header.read(data, max_pixels=max_pixels)

    def read_further(data: bytes | None, name: str) -> Header | None:
        try:
            return None if data is None else read(data)
        except (BadImage, TooManyPixels) as error:
            raise type(error)(f"The {name}: {error}", error.code) from error

    return Headers(
        read(files.image),
        read_further(files.backdrop, "background"),
        read_further(files.mask, "mask"),
        read_further(files.trimap, "trimap"),
    )
