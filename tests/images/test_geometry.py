"""Frames and covers, for any sizes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.images import geometry
from gateway.images.matte import Box
from gateway.options import Length, Margin

sides = st.integers(1, 300)
pixel_lengths = st.builds(Length, st.floats(0, 500))
percentages = st.builds(Length, st.floats(0, 50), st.just(True))
margins = st.builds(Margin, *4 * [pixel_lengths | percentages])


@st.composite
def boxes(draw: st.DrawFn) -> tuple[int, int, Box]:
    """A picture's width and height, and a box in it."""
    width, height = draw(sides), draw(sides)
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = Box(top, left, draw(st.integers(1, width - left)), draw(st.integers(1, height - top)))
    return width, height, box


@given(boxes(), margins)
def test_the_subject_keeps_its_pixels_and_gets_its_margin(
    placed: tuple[int, int, Box], margin: Margin
) -> None:
    width, height, box = placed
    rows, columns = np.indices((height, width))
    pixels = np.dstack([rows % 251, columns % 241, rows // 251, columns * 0 + 255]).astype(np.uint8)
    frame = geometry.around(box, margin)
    result = geometry.cut(pixels, frame)
    moved = frame.moved(box)
    assert result.shape == (frame.height, frame.width, 4)
    assert result.flags.c_contiguous
    assert (moved.width, moved.height) == (box.width, box.height)
    assert abs(moved.top - margin.top.pixels(box.height)) <= 1
    assert abs(moved.left - margin.left.pixels(box.width)) <= 1
    subject = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
    found = result[moved.top : moved.top + box.height, moved.left : moved.left + box.width]
    assert np.array_equal(found, subject)
    # What lies beyond the picture is transparent, and all that lies within is there.
    inside = min(height, frame.top + frame.height) - max(0, frame.top)
    across = min(width, frame.left + frame.width) - max(0, frame.left)
    assert np.count_nonzero(result[..., 3]) == inside * across


@given(sides, sides, sides, sides)
def test_a_cover_covers_exactly_and_keeps_its_middle(
    width: int, height: int, over_width: int, over_height: int
) -> None:
    rows, columns = np.indices((height, width))
    pixels = np.dstack([columns, rows, 0 * rows, 0 * rows]).astype(np.float32)
    scale = np.array([255 / max(1, width - 1), 255 / max(1, height - 1), 0, 0])
    covered = geometry.cover((pixels * scale).astype(np.uint8), over_width, over_height)
    assert covered.shape == (over_height, over_width, 4)
    middle = covered[..., :2].astype(int).mean(axis=(0, 1))
    # Of a picture that darkens to one side, the middle is of middle grey: within a pixel.
    assert np.all(np.abs(middle - 127)[[width > 1, height > 1]] <= 2 + scale[:2].max())


def test_a_narrow_picture_covers_a_large_one_without_being_scaled_as_a_whole() -> None:
    """As a whole it would be 4000 x 200,000,000."""
    assert geometry.cover(np.zeros((50_000, 1, 4), np.uint8), 4000, 3000).shape == (3000, 4000, 4)
