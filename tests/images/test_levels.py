"""Masks and trimaps of any kind of file."""

from typing import Any

import numpy as np
import pytest
from PIL import ExifTags, Image, ImageCms

from gateway.errors import BadImage
from gateway.images import header, levels
from tests.fuzz import seeds
from tests.images.files import encoded

GREY = np.arange(0, 240, dtype=np.uint8).reshape(12, 20)


def read(data: bytes) -> header.Header:
    return header.read(data, max_pixels=10**6)


def mask(image: Image.Image, format_: str = "PNG", **options: Any) -> levels.Levels:
    return levels.decode_mask(read(encoded(image, format_, **options)))


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "LA"])
def test_grey_levels_count_as_they_are(mode: str) -> None:
    image = Image.fromarray(GREY)
    assert np.array_equal(mask(image.convert(mode)), GREY)
    assert np.array_equal(mask(image.convert("RGB"), "WEBP", lossless=True), GREY)


def test_a_colour_profile_does_not_change_levels() -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(mask(Image.fromarray(GREY), icc_profile=profile), GREY)


def test_of_16_bits_the_high_eight_count() -> None:
    assert np.array_equal(mask(Image.fromarray(GREY.astype(np.uint16) * 257)), GREY)


def test_bilevel_and_palette_images_are_masks() -> None:
    black_and_white = Image.fromarray(GREY).point(lambda level: 255 * (level > 99))
    expected = np.asarray(black_and_white)
    for image in (black_and_white.convert("1"), black_and_white.convert("P")):
        assert np.array_equal(mask(image), expected)


def test_of_a_cut_out_alpha_counts_and_of_an_opaque_image_luma() -> None:
    pixels = np.zeros((12, 20, 4), np.uint8)
    pixels[..., :3] = (255, 0, 0)
    pixels[..., 3] = GREY
    assert np.array_equal(mask(Image.fromarray(pixels)), GREY)
    pixels[..., 3] = 255
    assert np.all(mask(Image.fromarray(pixels)) == 76)


def test_masks_are_turned_upright() -> None:
    exif = Image.Exif()
    exif[ExifTags.Base.Orientation] = 6
    turned = mask(Image.fromarray(GREY), exif=exif)
    assert np.array_equal(turned, np.rot90(GREY, -1))


def test_transparent_pixels_of_a_trimap_are_undecided() -> None:
    pixels = np.zeros((1, 4, 4), np.uint8)
    pixels[0, 1] = (255, 255, 255, 255)
    pixels[0, 2] = (0, 0, 0, 255)
    pixels[0, 3] = (255, 255, 255, 128)
    found = levels.decode_trimap(read(encoded(Image.fromarray(pixels), "PNG")))
    assert found.tolist() == [[128, 255, 0, 192]]


@pytest.mark.parametrize("name", seeds.files())
def test_every_format_is_a_mask_and_a_trimap(name: str) -> None:
    data = seeds.files()[name]
    for decode in (levels.decode_mask, levels.decode_trimap):
        found = decode(read(data))
        assert found.shape == (seeds.SIDE, seeds.SIDE)
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous


@pytest.mark.parametrize("decode", [levels.decode_mask, levels.decode_trimap])
def test_damaged_files_and_32_bit_channels_are_rejected(decode: Any) -> None:
    name = decode.__name__.removeprefix("decode_")
    whole = encoded(Image.effect_noise((300, 300), 90), "PNG")
    with pytest.raises(BadImage, match=f"The {name} is cut short"):
        decode(read(whole[: len(whole) // 2]))
    with pytest.raises(BadImage, match=f"The {name} is cut short"):
        decode(read(encoded(Image.new("F", (9, 9)), "TIFF")))


def test_colours_that_pillow_cannot_convert_are_rejected() -> None:
    data = encoded(Image.new("LAB", (20, 12)), "TIFF")
    for decode in (levels.decode_mask, levels.decode_trimap):
        with pytest.raises(BadImage, match="kind that is not read"):
            decode(read(data))
