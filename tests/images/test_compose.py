import numpy as np

from gateway.images import compose
from gateway.images.compose import Box


def test_a_mask_of_all_or_nothing_stays_so_at_any_size() -> None:
    for level in (0, 255):
        mask = np.full((1024, 1024), level, np.uint8)
        for size in ((3, 5), (1024, 1024), (1500, 700)):
            assert np.all(compose.alpha(mask, *size) == level)


def test_alpha_is_straight_and_transparent_pixels_carry_nothing() -> None:
    pixels = np.full((2, 3, 3), 200, np.uint8)
    matte = np.array([[0, 1, 255], [128, 0, 254]], np.uint8)
    rgba = compose.cutout(pixels, matte)
    assert np.array_equal(rgba[..., 3], matte)
    assert np.all(rgba[matte == 0] == 0)
    assert np.all(rgba[matte > 0][:, :3] == 200)


def test_a_background_shows_as_much_as_alpha_lets_it() -> None:
    pixels = np.full((1, 3, 3), (200, 100, 0), np.uint8)
    matte = np.array([[0, 51, 255]], np.uint8)
    composed = compose.on_color(pixels, matte, (0, 50, 250))
    expected = [[0, 50, 250], [40, 60, 200], [200, 100, 0]]
    assert np.abs(composed[0].astype(int) - expected).max() <= 1


def test_the_box_holds_what_is_more_foreground_than_not() -> None:
    matte = np.zeros((10, 20), np.uint8)
    assert compose.foreground_box(matte) is None
    matte[2:5, 7:13] = 128
    matte[9, 19] = 127
    assert compose.foreground_box(matte) == Box(top=2, left=7, width=6, height=3)
