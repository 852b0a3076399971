"""Frames and covers, for any sizes."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from gateway.images import geometry
from gateway.images.matte import Box
from gateway.options import Length, Margin, Placement
from gateway.options.margin import pixels as margin_pixels

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
    moved = geometry.moved(box, frame)
    assert result.shape == (frame.height, frame.width, 4)
    assert result.flags.c_contiguous
    assert (moved.width, moved.height) == (box.width, box.height)
    assert abs(moved.top - margin_pixels(margin.top, box.height)) <= 1
    assert abs(moved.left - margin_pixels(margin.left, box.width)) <= 1
    subject = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
    found = result[moved.top : moved.top + box.height, moved.left : moved.left + box.width]
    assert np.array_equal(found, subject)
    # What lies beyond the picture is transparent, and all that lies within is there.
    inside = min(height, frame.top + frame.height) - max(0, frame.top)
    across = min(width, frame.left + frame.width) - max(0, frame.left)
    assert np.count_nonzero(result[..., 3]) == inside * across


scales = st.none() | st.floats(0.1, 1)
positions = st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(boxes(), st.builds(Placement, scales, positions))
def test_the_subject_lies_where_it_is_asked_for(
    placed: tuple[int, int, Box], placement: Placement
) -> None:
    width, height, box = placed
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[box.top : box.top + box.height, box.left : box.left + box.width] = (9, 99, 199, 255)
    result, said = geometry.place(pixels, box, placement)
    assert result.shape == pixels.shape
    scale = 1.0
    if placement.scale:
        scale = placement.scale * min(width / box.width, height / box.height)
    scaled = np.multiply((box.width, box.height), scale)
    if placement.position:
        expected = (np.array([width, height]) - scaled) * placement.position
    else:
        expected = np.array([box.left, box.top]) + ((box.width, box.height) - scaled) / 2
    assert np.abs(np.maximum(expected, 0) - (said.left, said.top)).max() <= 1
    assert said.left + said.width <= width
    assert said.top + said.height <= height
    solid = result[..., 3] > 127
    if box.width * scale >= 2 and box.height * scale >= 2:
        rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
        ends = np.minimum(expected + scaled, (width, height))
        assert np.abs(np.maximum(expected, 0) - (columns[0], rows[0])).max() <= 1
        assert np.abs(ends - (columns[-1] + 1, rows[-1] + 1)).max() <= 1
    # Resampling brings no foreign colour in: nothing darkens at the edges.
    assert np.abs(result[solid][:, :3].astype(int) - (9, 99, 199)).max(initial=0) <= 4


def test_a_tiny_subject_is_enlarged_without_the_whole_picture() -> None:
    """As a whole the picture would be 3000 x 3000 times 3000."""
    pixels = np.zeros((3000, 3000, 4), np.uint8)
    pixels[1500, 1500] = (1, 2, 3, 255)
    result, box = geometry.place(pixels, Box(1500, 1500, 1, 1), Placement(1.0, (0.5, 0.5)))
    assert result.shape == pixels.shape
    assert (box.width, box.height) == (3000, 3000)


@given(sides, sides, sides, sides)
def test_a_cover_covers_exactly_and_keeps_its_middle(
    width: int, height: int, over_width: int, over_height: int
) -> None:
    rows, columns = np.indices((height, width))
    pixels = np.dstack([columns, rows, 0 * rows, 0 * rows]).astype(np.float32)
    scale = np.array([255 / max(1, width - 1), 255 / max(1, height - 1), 0, 0])
    covered = geometry.cover(
        (pixels * scale).astype(np.uint8), over_width, over_height, opaque=True
    )
    assert covered.shape == (over_height, over_width, 4)
    middle = covered[..., :2].astype(int).mean(axis=(0, 1))
    # Of a picture that darkens to one side, the middle is of middle grey: within a pixel.
    assert np.all(np.abs(middle - 127)[[width > 1, height > 1]] <= 2 + scale[:2].max())


def test_a_narrow_picture_covers_a_large_one_without_being_scaled_as_a_whole() -> None:
    """As a whole it would be 4000 x 200,000,000."""
    narrow = np.zeros((50_000, 1, 4), np.uint8)
    assert geometry.cover(narrow, 4000, 3000, opaque=True).shape == (3000, 4000, 4)


def test_hidden_colours_of_a_backdrop_stay_hidden() -> None:
    backdrop = np.array([[(255, 0, 0, 255), (0, 255, 0, 0)]], np.uint8)
    covered = geometry.cover(backdrop, 200, 100, opaque=False)
    seen = covered[covered[..., 3] > 8]
    assert seen[:, 1].max() <= 2


def test_a_subject_that_is_only_moved_stays_as_sharp_as_it_is() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (200, 402, 4), np.uint8)
    pixels[:, 201:] = 0
    placement = Placement(None, (0.5, 0.5))
    moved, box = geometry.place(pixels, Box(0, 0, 201, 200), placement)
    assert np.array_equal(moved[:, box.left : box.left + 201], pixels[:, :201])
