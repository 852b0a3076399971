"""Small pictures of results that are ZIPs; those of images are tested with bulk jobs."""

import zipfile
from io import BytesIO

import numpy as np
import pytest

from gateway.errors import BadImage
from gateway.images import encode, thumbnail
from gateway.options import Format

MAX_PIXELS = 1_000_000


def packed(method: int = zipfile.ZIP_STORED, **files: bytes) -> bytes:
    file = BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return file.getvalue()


def cut_out(format_: Format = Format.ZIP) -> bytes:
    return encode.encode(np.full((30, 40, 4), 200, np.uint8), format_, opaque=False)


@pytest.mark.parametrize(
    "data",
    [
        cut_out()[:200],
        cut_out().replace(b"IDAT", b"IDOT"),
        packed(),
        packed(first=b"no image"),
        packed(zipfile.ZIP_DEFLATED, first=cut_out(Format.PNG) + bytes(10_000_000)),
    ],
    ids=["cut short", "damaged", "empty", "no image", "a bomb"],
)
def test_zips_that_are_none_of_ours_are_rejected(data: bytes) -> None:
    with pytest.raises(BadImage):
        thumbnail.encode(thumbnail.read(data, max_pixels=MAX_PIXELS))


def test_zips_in_zips_are_opened() -> None:
    data = cut_out(Format.PNG)
    for _ in range(5):
        data = packed(first=data)
    (picture,) = thumbnail.read(data, max_pixels=MAX_PIXELS)
    assert picture.size == (40, 30)
