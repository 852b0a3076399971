"""Colours of files with ICC profiles become sRGB."""

from io import BytesIO

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from tests.images import icc
from tests.images.files import difference, encoded, read


@pytest.mark.parametrize(
    ("primaries", "gamma"), [(icc.ADOBE_RGB, 2.2), (icc.DISPLAY_P3, 2.2)], ids=["adobe", "p3"]
)
@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_wide_gamut_colours_become_srgb(
    original: Image.Image, primaries: NDArray[np.float64], gamma: float, format_: str
) -> None:
    quality = {} if format_ in ("PNG", "TIFF") else {"quality": 100}
    data = encoded(original, format_, icc_profile=icc.rgb(primaries, gamma), **quality)
    stored = np.asarray(Image.open(BytesIO(data)).convert("RGB"))
    expected = icc.to_srgb(stored, primaries, gamma)
    picture = read(data)
    assert np.abs(picture.pixels[..., :3] - expected).max() <= 4
    assert np.abs(stored - expected).max() > 20, "the profile matters"


def test_a_profile_does_not_change_alpha(original: Image.Image) -> None:
    original.putalpha(77)
    data = encoded(original, "PNG", icc_profile=icc.rgb(icc.ADOBE_RGB, 2.2))
    assert np.all(read(data).pixels[..., 3] == 77)


def test_a_grey_profile_is_applied(original: Image.Image) -> None:
    grey = original.convert("L")
    picture = read(encoded(grey, "PNG", icc_profile=icc.grey(1.0)))
    expected = icc.to_srgb(np.asarray(grey)[..., None].repeat(3, 2), icc.SRGB, 1.0)
    assert np.abs(picture.pixels[..., :3] - expected).max() <= 3


@pytest.mark.parametrize("profile", [b"broken", icc.grey(1.0)], ids=["broken", "of another mode"])
@pytest.mark.parametrize("format_", ["JPEG", "PNG"])
def test_an_invalid_profile_is_ignored(original: Image.Image, profile: bytes, format_: str) -> None:
    assert difference(read(encoded(original, format_, icc_profile=profile)), original) <= 6


def test_a_profile_without_a_curve_is_ignored(original: Image.Image) -> None:
    broken = icc.rgb(icc.DISPLAY_P3, 2.2).replace(b"rTRC", b"xTRC", 1)
    for format_ in ("JPEG", "PNG"):
        assert difference(read(encoded(original, format_, icc_profile=broken)), original) <= 6


@pytest.mark.parametrize(
    ("mode", "format_", "profile", "applied"),
    [
        ("L", "PNG", icc.grey(1.0), True),
        ("L", "JPEG", icc.grey(1.0), True),
        ("LA", "PNG", icc.grey(1.0), True),
        ("L", "PNG", icc.rgb(icc.ADOBE_RGB, 1.0), False),
        ("L", "JPEG", icc.rgb(icc.ADOBE_RGB, 1.0), False),
    ],
)
def test_only_grey_profiles_apply_to_grey_images(
    original: Image.Image, mode: str, format_: str, profile: bytes, applied: bool
) -> None:
    grey = original.convert("L")
    picture = read(encoded(original.convert(mode), format_, icc_profile=profile))
    linear = icc.to_srgb(np.asarray(grey)[..., None].repeat(3, 2), icc.SRGB, 1.0)
    expected = linear if applied else np.asarray(grey.convert("RGB"), np.float64)
    assert np.abs(picture.pixels[..., :3] - expected).max() <= 8


def test_a_linear_srgb_profile_is_not_taken_for_srgb(original: Image.Image) -> None:
    linear = icc.rgb(icc.SRGB, 1.0).replace(b"test\0", b"sRGB\0", 1)
    assert difference(read(encoded(original, "PNG", icc_profile=linear)), original) == 0
    named = icc.rgb(icc.SRGB, 1.0, b"Linear sRGB")
    stored = np.asarray(original)
    picture = read(encoded(original, "PNG", icc_profile=named))
    assert np.abs(picture.pixels[..., :3] - icc.to_srgb(stored, icc.SRGB, 1.0)).max() <= 4
