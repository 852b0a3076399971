import zipfile
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gateway.errors import BadOption
from gateway.images import encode, png
from gateway.options import Format


@pytest.mark.parametrize("opaque", [True, False])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 50), (50, 1), (257, 129)])
def test_png_is_lossless(width: int, height: int, opaque: bool) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, 4), np.uint8)
    data = png.encode(pixels, opaque=opaque)
    Image.open(BytesIO(data)).verify()
    image = Image.open(BytesIO(data))
    assert image.mode == ("RGB" if opaque else "RGBA")
    assert image.info["srgb"] == 0
    assert np.array_equal(np.asarray(image), pixels[..., : 3 if opaque else 4])


PICTURES = (Format.PNG, Format.JPG, Format.WEBP)


@pytest.mark.parametrize("format_", PICTURES)
def test_each_format_keeps_the_resolution(format_: Format) -> None:
    pixels = np.full((20, 30, 4), 255, np.uint8)
    image = Image.open(BytesIO(encode.encode(pixels, format_, opaque=True, dpi=(300, 150))))
    exif = image.getexif()
    found = image.info.get("dpi") or (exif[282], exif[283])
    assert [float(value) for value in found] == pytest.approx([300, 150], abs=0.1)


@pytest.mark.parametrize(("format_", "name"), [(Format.JPG, "JPEG"), (Format.WEBP, "WEBP")])
@pytest.mark.parametrize("dpi", [None, (72, 72)])
def test_lossy_formats_are_close_to_the_original(
    format_: Format, name: str, dpi: tuple[float, float] | None
) -> None:
    rows, columns = np.indices((64, 96))
    pixels = np.dstack([columns * 2, rows * 3, rows + columns, rows * 0 + 255]).astype(np.uint8)
    image = Image.open(BytesIO(encode.encode(pixels, format_, opaque=True, dpi=dpi)))
    assert (image.format, image.mode, image.size) == (name, "RGB", (96, 64))
    assert np.abs(np.asarray(image, np.int16) - pixels[..., :3]).mean() < 3


def test_webp_keeps_alpha_exactly() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8)
    image = Image.open(BytesIO(encode.encode(pixels, Format.WEBP, opaque=False)))
    assert np.array_equal(np.asarray(image)[..., 3], pixels[..., 3])


@pytest.mark.parametrize(
    ("format_", "side", "fits"),
    [(Format.PNG, 10**6, True), (Format.JPG, 65_500, True), (Format.JPG, 65_501, False)]
    + [(Format.WEBP, 16_383, True), (Format.WEBP, 16_384, False)],
)
def test_a_side_that_a_format_cannot_store_is_rejected(
    format_: Format, side: int, fits: bool
) -> None:
    if fits:
        encode.check_side(format_, 1, side)
    else:
        with pytest.raises(BadOption, match="choose png"):
            encode.check_side(format_, side, 1)


@pytest.mark.parametrize("format_", PICTURES)
def test_a_matte_is_the_alpha_as_a_grey_picture(format_: Format) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 60, 4), np.uint8)
    pixels[..., 3] = np.linspace(0, 255, 60)
    image = Image.open(BytesIO(encode.encode_alpha(pixels, format_, dpi=(72, 72))))
    assert image.mode == ("RGB" if format_ is Format.WEBP else "L")
    difference = np.asarray(image.convert("L"), np.int16) - pixels[..., 3]
    assert np.abs(difference).max() <= (8 if format_ is Format.JPG else 0)


def test_a_zip_holds_colours_and_alpha() -> None:
    rows, columns = np.indices((64, 96))
    pixels = np.dstack([columns * 2, rows * 3, rows + columns, columns]).astype(np.uint8)
    with zipfile.ZipFile(BytesIO(encode.encode(pixels, Format.ZIP, opaque=False))) as archive:
        assert archive.namelist() == ["color.jpg", "alpha.png"]
        color, alpha = (Image.open(archive.open(name)) for name in archive.namelist())
        assert (color.format, color.mode, alpha.format, alpha.mode) == ("JPEG", "RGB", "PNG", "L")
        assert np.abs(np.asarray(color, np.int16) - pixels[..., :3]).mean() < 3
        assert np.array_equal(np.asarray(alpha), pixels[..., 3])
