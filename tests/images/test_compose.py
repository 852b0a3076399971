import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.errors import BadOption
from gateway.images import compose, matte
from gateway.images.matte import Box
from gateway.images.picture import Picture, Pixels
from gateway.options import Color, Format, Length, Margin, Options

Mask = NDArray[np.uint8]


def picture(pixels: Pixels, *, opaque: bool = True) -> Picture:
    """Return a picture whose model input does not matter, since its edges are hard."""
    return Picture(pixels, opaque, np.zeros((1024, 1024, 3), np.uint8), None)


def halves(left: int, right: int) -> Mask:
    mask = np.full((1024, 1024), left, np.uint8)
    mask[:, 512:] = right
    return mask


def grey(width: int = 64, height: int = 32, level: int = 200) -> Pixels:
    pixels = np.full((height, width, 4), level, np.uint8)
    pixels[..., 3] = 255
    return pixels


def test_a_uniform_mask_stays_uniform_at_any_size() -> None:
    for level in (0, 255):
        for size in ((3, 5), (1024, 1024), (1500, 700)):
            assert np.all(matte.resize(halves(level, level), *size) == level)


def test_foreground_pixels_stay_the_same_and_transparent_ones_are_cleared() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (32, 64, 4), np.uint8)
    before = pixels.copy()
    compose.compose(picture(pixels), halves(255, 0), Options())
    assert np.array_equal(pixels[:, :31, :3], before[:, :31, :3])
    assert np.all(pixels[:, :31, 3] == 255)
    assert not pixels[:, 33:].any()


def test_the_images_own_alpha_is_multiplied_with_the_new_one() -> None:
    pixels = grey()
    pixels[:16, :, 3] = 100
    pixels[20, :, 3] = 0
    compose.compose(picture(pixels, opaque=False), halves(255, 0), Options())
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
def test_a_colour_shows_through_where_alpha_is_low(
    color: Color, behind: Color, mixed: Color
) -> None:
    pixels = grey()
    pixels[..., 3] = np.repeat([255, 128, 0, 0], 16)
    compose.composite_over(pixels, pixels[..., 3].copy(), color)
    assert np.all(pixels[:, :16] == (200, 200, 200, 255))
    assert np.abs(pixels[:, 16:32].astype(int) - mixed).max() <= 1
    assert np.all(pixels[:, 32:] == behind)


def test_a_picture_shows_through_where_alpha_is_low() -> None:
    pixels = grey()
    pixels[..., 3] = np.repeat([255, 128, 0, 0], 16)
    under = np.random.default_rng(0).integers(0, 256, pixels.shape, np.uint8)
    under[..., 3] = 255
    compose.composite_over(pixels, pixels[..., 3].copy(), under)
    assert np.all(pixels[:, :16] == (200, 200, 200, 255))
    assert np.array_equal(pixels[:, 32:], under[:, 32:])
    mixed = 200 * (128 / 255) + under[:, 16:32, :3] * (127 / 255)
    assert np.abs(pixels[:, 16:32, :3] - mixed).max() <= 1


@pytest.mark.parametrize("opaque", [True, False])
def test_a_backdrop_of_any_size_covers_the_result(opaque: bool) -> None:
    behind = np.full((10, 90, 4), (10, 20, 30, 255 if opaque else 0), np.uint8)
    options = Options(bg_color=None if opaque else (1, 2, 3, 255))
    done = compose.compose(picture(grey()), halves(255, 0), options, picture(behind, opaque=opaque))
    assert done.opaque
    assert np.all(done.pixels[:, :31, :3] == 200)
    assert np.all(done.pixels[:, 33:, :3] == ((10, 20, 30) if opaque else (1, 2, 3)))


def test_cropping_keeps_the_foreground_and_its_margin() -> None:
    options = Options(crop=True, crop_margin=Margin(top=Length(3), left=Length(25, percent=True)))
    done = compose.compose(picture(grey(64, 32)), halves(255, 0), options)
    assert done.foreground == Box(top=3, left=8, width=32, height=32)
    assert done.pixels.shape == (35, 40, 4)
    assert not done.pixels[:3].any()
    assert not done.pixels[:, :8].any()
    assert np.all(done.pixels[3:, 8:39] == (200, 200, 200, 255))


def test_cropping_without_foreground_keeps_the_whole_picture() -> None:
    done = compose.compose(picture(grey(64, 32)), halves(0, 0), Options(crop=True))
    assert done.foreground is None
    assert done.pixels.shape == (32, 64, 4)


def test_a_margin_may_not_make_the_result_larger_than_the_limit() -> None:
    options = Options(crop=True, crop_margin=Margin(top=Length(50, percent=True)))
    with pytest.raises(BadOption, match="crop_margin"):
        compose.compose(picture(grey()), halves(255, 255), options, max_pixels=64 * 40)


def test_colours_in_a_zip_contain_nothing_of_the_background() -> None:
    """JPEG has no transparency: the background is filled with the foreground's colours."""
    pixels = grey(64, 32)
    pixels[:, :32, :3], pixels[:, 32:, :3] = (250, 10, 10), (10, 250, 10)
    seen = np.zeros((1024, 1024, 3), np.uint8)
    seen[:, :512], seen[:, 512:] = (250, 10, 10), (10, 250, 10)
    options = Options(format=Format.ZIP)
    done = compose.compose(Picture(pixels, True, seen, None), halves(255, 0), options)
    assert np.abs(done.pixels[..., :3].astype(int) - (250, 10, 10)).max() <= 3
    assert not done.pixels[:, 33:, 3].any()


@pytest.mark.parametrize(
    ("left", "right", "confidence"), [(255, 0, 1.0), (0, 0, 0.0), (127, 100, 0.0), (204, 0, 0.8)]
)
def test_confidence_is_high_for_a_clear_mask(left: int, right: int, confidence: float) -> None:
    assert matte.confidence(halves(left, right)) == pytest.approx(confidence, abs=0.01)


def test_background_of_high_levels_lowers_confidence() -> None:
    assert matte.confidence(halves(255, 120)) == pytest.approx(1 / (1 + 120 / 255), abs=0.01)


def test_the_bounding_box_contains_alpha_above_one_half() -> None:
    alpha = np.zeros((10, 20), np.uint8)
    assert matte.bounding_box(alpha) is None
    alpha[2:5, 7:13] = 128
    alpha[9, 19] = 127
    assert matte.bounding_box(alpha) == Box(top=2, left=7, width=6, height=3)


@pytest.mark.parametrize(("low", "high"), [(1, 250), (1, 255), (0, 3), (254, 255)])
def test_indices_between_returns_exactly_the_levels_in_the_range(low: int, high: int) -> None:
    levels = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert matte.indices_between(levels, low, high).tolist() == list(range(low, high))


def test_a_cut_out_that_is_sent_again_keeps_its_colours() -> None:
    """Its soft edges have straight alpha already: they contain no background to remove."""
    pixels = grey(300, 300)
    pixels[..., :3] = (220, 60, 40)
    ramp = np.linspace(0, 255, 300).astype(np.uint8)
    pixels[..., 3] = ramp
    seen = np.full((1024, 1024, 3), 128, np.uint8)
    mask = np.tile(np.linspace(0, 255, 1024).astype(np.uint8), (1024, 1))
    compose.compose(Picture(pixels, False, seen, None), mask, Options())
    kept = pixels[pixels[..., 3] > 0]
    assert np.all(kept[:, :3] == (220, 60, 40))
