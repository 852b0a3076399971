import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.images import compose, matte
from gateway.images.matte import Box
from gateway.images.picture import Picture, Pixels
from gateway.options import Color

Mask = NDArray[np.uint8]


def picture(pixels: Pixels, *, opaque: bool = True) -> Picture:
    """A picture whose model input does not matter: its edges are hard."""
    return Picture(pixels, opaque, np.zeros((1024, 1024, 3), np.uint8), None)


def halves(left: int, right: int) -> Mask:
    mask = np.full((1024, 1024), left, np.uint8)
    mask[:, 512:] = right
    return mask


def grey(width: int = 64, height: int = 32, level: int = 200) -> Pixels:
    pixels = np.full((height, width, 4), level, np.uint8)
    pixels[..., 3] = 255
    return pixels


def test_a_mask_of_all_or_nothing_stays_so_at_any_size() -> None:
    for level in (0, 255):
        for size in ((3, 5), (1024, 1024), (1500, 700)):
            assert np.all(matte.resize(halves(level, level), *size) == level)


def test_kept_pixels_stay_exactly_and_transparent_ones_carry_nothing() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 64, 4), np.uint8)
    before = pixels.copy()
    compose.compose(picture(pixels), halves(255, 0), None)
    assert np.array_equal(pixels[:, :31, :3], before[:, :31, :3])
    assert np.all(pixels[:, :31, 3] == 255)
    assert not pixels[:, 33:].any()


def test_an_own_alpha_multiplies_the_new_one() -> None:
    pixels = grey()
    pixels[:16, :, 3] = 100
    pixels[20, :, 3] = 0
    compose.compose(picture(pixels, opaque=False), halves(255, 0), None)
    assert np.all(pixels[:16, :31] == (200, 200, 200, 100))
    assert np.all(pixels[16:20, :31, 3] == 255)
    assert not pixels[20].any()
    assert not pixels[:, 33:].any()


@pytest.mark.parametrize(
    ("color", "behind", "mixed"),
    [
        ((0, 50, 250, 255), (0, 50, 250, 255), (100, 125, 225, 255)),
        ((0, 50, 250, 128), (0, 50, 250, 128), (133, 150, 217, 192)),
    ],
    ids=["opaque", "half transparent"],
)
def test_a_colour_lies_under_what_alpha_lets_through(
    color: Color, behind: Color, mixed: Color
) -> None:
    pixels = grey()
    pixels[..., 3] = np.repeat([255, 128, 0, 0], 16)
    compose.lay_on(pixels, pixels[..., 3].copy(), color)
    assert np.all(pixels[:, :16] == (200, 200, 200, 255))
    assert np.abs(pixels[:, 16:32].astype(int) - mixed).max() <= 1
    assert np.all(pixels[:, 32:] == behind)


def test_the_box_holds_what_is_more_foreground_than_not() -> None:
    alpha = np.zeros((10, 20), np.uint8)
    assert matte.box(alpha) is None
    alpha[2:5, 7:13] = 128
    alpha[9, 19] = 127
    assert matte.box(alpha) == Box(top=2, left=7, width=6, height=3)


@pytest.mark.parametrize(("low", "high"), [(1, 250), (1, 255), (0, 3), (254, 255)])
def test_between_lists_exactly_the_levels_asked_for(low: int, high: int) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert matte.between(levels, low, high).tolist() == list(range(low, high))


def test_a_cut_out_that_comes_again_keeps_its_colours() -> None:
    """Its soft edges are straight already: there is no background in them to take away."""
    pixels = grey(300, 300)
    pixels[..., :3] = (220, 60, 40)
    ramp = np.linspace(0, 255, 300).astype(np.uint8)
    pixels[..., 3] = ramp
    seen = np.full((1024, 1024, 3), 128, np.uint8)
    mask = np.tile(np.linspace(0, 255, 1024).astype(np.uint8), (1024, 1))
    compose.compose(Picture(pixels, False, seen, None), mask, None)
    kept = pixels[pixels[..., 3] > 0]
    assert np.all(kept[:, :3] == (220, 60, 40))
