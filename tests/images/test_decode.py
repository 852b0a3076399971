"""One file for each format, mode and special case, decoded to the expected pixels or error."""

from collections.abc import Callable
from io import BytesIO
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from gateway.errors import BadImage, TooManyPixels
from gateway.images import decode, header
from gateway.options import Size
from tests.images.files import MAX_PIXELS, difference, encoded, heic, png, read

Make = Callable[..., bytes]


@pytest.mark.parametrize(
    ("format_", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("BMP", {}, 0),
        ("TIFF", {}, 0),
        ("TIFF", {"compression": "tiff_lzw"}, 0),
        ("TIFF", {"compression": "jpeg", "quality": 95}, 12),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 12),
        ("JPEG", {"quality": 95}, 6),
        ("JPEG", {"quality": 95, "progressive": True}, 6),
        ("JPEG", {"quality": 95, "subsampling": "4:2:0"}, 6),
        ("MPO", {"quality": 95}, 6),
        ("AVIF", {"quality": 100}, 6),
    ],
)
def test_each_format_is_decoded(
    original: Image.Image, format_: str, options: dict[str, Any], tolerance: int
) -> None:
    picture = read(encoded(original, format_, **options))
    assert picture.opaque
    assert picture.pixels.dtype == np.uint8
    assert picture.pixels.flags.c_contiguous
    assert picture.pixels.flags.writeable
    assert difference(picture, original) <= tolerance
    assert picture.pixels[..., 3].min() == 255


def test_heic_is_decoded(original: Image.Image) -> None:
    assert difference(read(heic(original)), original) <= 6


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_every_orientation_is_made_upright(
    original: Image.Image, orientation: int, format_: str
) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = encoded(original, format_, exif=exif)
    upright = ImageOps.exif_transpose(Image.open(BytesIO(data))).convert("RGB")
    picture = read(data)
    assert (picture.width, picture.height) == upright.size
    assert difference(picture, upright) <= 4
    expected = upright.resize((1024, 1024), Image.Resampling.BOX)
    assert np.abs(picture.model_input.astype(int) - np.asarray(expected)).mean() < 2


def test_a_rotated_heic_is_rotated_only_once(original: Image.Image) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    picture = read(heic(original, exif=exif.tobytes()))
    assert difference(picture, original.rotate(-90, expand=True)) <= 6


@pytest.mark.parametrize(
    ("mode", "format_"),
    [("L", "PNG"), ("L", "JPEG"), ("1", "PNG"), ("P", "PNG"), ("P", "GIF"), ("CMYK", "TIFF")],
)
def test_other_modes_become_rgb(original: Image.Image, mode: str, format_: str) -> None:
    converted = original.convert(mode)
    picture = read(encoded(converted, format_))
    assert picture.opaque
    assert difference(picture, converted.convert("RGB")) <= 2


def test_cmyk_jpeg_becomes_rgb(original: Image.Image) -> None:
    picture = read(encoded(original.convert("CMYK"), "JPEG", quality=95))
    assert difference(picture, original) <= 8


@pytest.mark.parametrize("format_", ["PNG", "TIFF"])
def test_16_bit_grey_keeps_its_high_bytes(format_: str) -> None:
    levels = np.arange(65536, dtype=np.uint16).reshape(256, 256)
    picture = read(encoded(Image.fromarray(levels), format_))
    assert difference(picture, np.repeat((levels >> 8)[..., None], 3, axis=2)) == 0


def test_16_bit_colour_keeps_its_high_bytes() -> None:
    levels = np.random.default_rng(0).integers(0, 65536, (40, 30, 3), np.uint16)
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    assert difference(read(png(30, 40, rows, depth=16)), levels >> 8) <= 1


def test_the_images_own_alpha_is_kept(original: Image.Image) -> None:
    original.putalpha(Image.linear_gradient("L").resize(original.size))
    for data in (encoded(original, "PNG"), encoded(original, "WEBP", lossless=True, exact=True)):
        picture = read(data)
        assert not picture.opaque
        assert difference(picture, original) == 0
    grey = original.convert("LA")
    assert difference(read(encoded(grey, "PNG")), grey.convert("RGBA")) == 0


def test_a_palette_with_transparency_is_kept(original: Image.Image) -> None:
    palette = original.quantize(16)
    for format_ in ("PNG", "GIF"):
        picture = read(encoded(palette, format_, transparency=3))
        assert not picture.opaque
        hidden = np.asarray(palette) == 3
        assert np.array_equal(picture.pixels[..., 3] == 0, hidden)


def test_hidden_colours_do_not_bleed_when_shrinking() -> None:
    pixels = np.zeros((400, 400, 4), np.uint8)
    pixels[..., :3] = (255, 0, 255)  # hidden: alpha is 0
    pixels[100:300, 101:299] = (0, 128, 0, 255)
    picture = read(encoded(Image.fromarray(pixels), "PNG"), (100, 100))
    visible = picture.pixels[picture.pixels[..., 3] > 0]
    assert np.abs(visible[:, :3].astype(int) - (0, 128, 0)).max() <= 2


def test_the_model_sees_grey_behind_transparency() -> None:
    pixels = np.zeros((60, 60, 4), np.uint8)
    pixels[:, 30:] = (200, 100, 50, 255)
    image = read(encoded(Image.fromarray(pixels), "PNG")).model_input
    assert np.all(image[:, :500] == 128)
    assert np.all(image[:, 524:] == (200, 100, 50))


def test_the_first_picture_of_an_animation_is_used(original: Image.Image) -> None:
    others = [Image.new("RGB", original.size, "red")]
    for format_ in ("GIF", "PNG", "WEBP", "TIFF", "AVIF"):
        still = read(encoded(original, format_))
        moving = read(encoded(original, format_, save_all=True, append_images=others))
        assert difference(moving, still.pixels) <= 16, (
            "the animation has its own palette or quality"
        )


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 20_000), (20_000, 1), (3, 2)])
@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_extreme_shapes_are_decoded(photo: Make, width: int, height: int, format_: str) -> None:
    picture = read(photo(width, height, format_))
    assert (picture.width, picture.height) == (width, height)
    assert picture.model_input.shape == (1024, 1024, 3)


def test_50_megapixels_are_decoded_and_one_row_more_is_rejected() -> None:
    picture = read(encoded(Image.new("RGB", (10_000, 5_000), "teal"), "JPEG"), (1000, 500))
    assert difference(picture, np.full((500, 1000, 3), (0, 128, 128))) <= 4
    more = encoded(Image.new("RGB", (10_000, 5_001)), "JPEG")
    with pytest.raises(TooManyPixels, match="10000x5001"):
        header.read(more, max_pixels=MAX_PIXELS)


@pytest.mark.parametrize("size", [(577, 433), (1920, 1440), (3999, 2999)])
def test_a_large_jpeg_shrinks_to_the_same_picture(photo: Make, size: tuple[int, int]) -> None:
    data = photo(4000, 3000, "JPEG", quality=95)
    expected = Image.open(BytesIO(data)).resize(size, Image.Resampling.BOX)
    picture = read(data, size)
    assert (picture.width, picture.height) == size
    assert difference(picture, expected) <= 6


def test_a_rotated_picture_fits_the_size_after_it_is_made_upright(photo: Make) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    opened = header.read(photo(400, 200, "JPEG", exif=exif), max_pixels=MAX_PIXELS)
    size = Size(100, 80).fit(*opened.size)
    assert size == (50, 100)
    picture = decode.decode(opened).picture(size)
    assert (picture.width, picture.height) == size


@pytest.mark.parametrize("format_", ["PNG", "JPEG", "TIFF", "BMP"])
def test_dpi_is_kept_and_follows_the_orientation(original: Image.Image, format_: str) -> None:
    exif = Image.Exif()
    assert read(encoded(original, format_, dpi=(300, 150))).dpi == pytest.approx((300, 150), 0.01)
    assert read(encoded(original, "WEBP")).dpi is None
    exif[0x0112] = 8
    if format_ == "PNG":
        turned = read(encoded(original, format_, dpi=(300, 150), exif=exif))
        assert turned.dpi == pytest.approx((150, 300), 0.01)


def test_padding_before_the_end_of_a_jpeg_is_accepted(original: Image.Image) -> None:
    data = encoded(original, "JPEG", quality=95)
    assert difference(read(data[:-2] + b"\0" * 16 + data[-2:]), original) <= 6


def test_reading_a_pngs_orientation_does_not_decode_it(photo: Make) -> None:
    data = photo(400, 300)
    half = header.read(data[: len(data) // 2], max_pixels=MAX_PIXELS)
    assert half.orientation == 1
    with pytest.raises(BadImage):
        decode.decode(half).picture(half.size)


def test_implausible_resolutions_are_dropped(original: Image.Image) -> None:
    assert read(encoded(original, "PNG", dpi=(65535.6, 72))).dpi is None
