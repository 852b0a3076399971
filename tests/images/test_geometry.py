"""Crop, placement and cover, for any sizes."""

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
    """Return a picture's width and height, and a box in it."""
    width, height = draw(sides), draw(sides)
    left, top = draw(st.integers(0, width - 1)), draw(st.integers(0, height - 1))
    box = Box(top, left, draw(st.integers(1, width - left)), draw(st.integers(1, height - top)))
    return width, height, box


@given(boxes(), margins)
def test_cropping_keeps_the_subjects_pixels_and_adds_the_margin(
    picture_and_box: tuple[int, int, Box], margin: Margin
) -> None:
    width, height, box = picture_and_box
    rows, columns = np.indices((height, width))
    pixels = np.dstack([rows % 251, columns % 241, rows // 251, columns * 0 + 255]).astype(np.uint8)
    frame = geometry.crop_frame(box, margin)
    result = geometry.cut(pixels, frame)
    moved = geometry.box_in_frame(box, frame)
    assert result.shape == (frame.height, frame.width, 4)
    assert result.flags.c_contiguous
    assert (moved.width, moved.height) == (box.width, box.height)
    assert abs(moved.top - margin_pixels(margin.top, box.height)) <= 1
    assert abs(moved.left - margin_pixels(margin.left, box.width)) <= 1
    subject = pixels[box.top : box.top + box.height, box.left : box.left + box.width]
    found = result[moved.top : moved.top + box.height, moved.left : moved.left + box.width]
    assert np.array_equal(found, subject)
    # Exactly the part beyond the picture is transparent.
    inside = min(height, frame.top + frame.height) - max(0, frame.top)
    across = min(width, frame.left + frame.width) - max(0, frame.left)
    assert np.count_nonzero(result[..., 3]) == inside * across


scales = st.none() | st.floats(0.1, 1)
positions = st.none() | st.tuples(st.floats(0, 1), st.floats(0, 1))


@given(boxes(), st.builds(Placement, scales, positions))
def test_the_subject_has_the_requested_scale_and_position(
    picture_and_box: tuple[int, int, Box], placement: Placement
) -> None:
    width, height, box = picture_and_box
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[box.top : box.top + box.height, box.left : box.left + box.width] = (9, 99, 199, 255)
    result, placed = geometry.apply_placement(pixels, box, placement)
    assert result.shape == pixels.shape
    scale = 1.0
    if placement.scale:
        scale = placement.scale * min(width / box.width, height / box.height)
    scaled = np.multiply((box.width, box.height), scale)
    if placement.position:
        expected = (np.array([width, height]) - scaled) * placement.position
    else:
        expected = np.array([box.left, box.top]) + ((box.width, box.height) - scaled) / 2
    assert np.abs(np.maximum(expected, 0) - (placed.left, placed.top)).max() <= 1
    assert placed.left + placed.width <= width
    assert placed.top + placed.height <= height
    solid = result[..., 3] > 127
    if box.width * scale >= 2 and box.height * scale >= 2:
        rows, columns = np.flatnonzero(solid.any(1)), np.flatnonzero(solid.any(0))
        ends = np.minimum(expected + scaled, (width, height))
        assert np.abs(np.maximum(expected, 0) - (columns[0], rows[0])).max() <= 1
        assert np.abs(ends - (columns[-1] + 1, rows[-1] + 1)).max() <= 1
    # Resampling mixes in no colour of transparent pixels: edges do not darken.
    assert np.abs(result[solid][:, :3].astype(int) - (9, 99, 199)).max(initial=0) <= 4


def test_enlarging_a_tiny_subject_does_not_scale_the_whole_picture() -> None:
    """The whole picture would have 9,000,000 pixels a side."""
    pixels = np.zeros((3000, 3000, 4), np.uint8)
    pixels[1500, 1500] = (1, 2, 3, 255)
    result, box = geometry.apply_placement(
        pixels, Box(1500, 1500, 1, 1), Placement(1.0, (0.5, 0.5))
    )
    assert result.shape == pixels.shape
    assert (box.width, box.height) == (3000, 3000)


@given(sides, sides, sides, sides)
def test_a_cover_has_the_exact_size_and_keeps_its_centre(
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
    # The centre of a gradient is middle grey, within one pixel.
    assert np.all(np.abs(middle - 127)[[width > 1, height > 1]] <= 2 + scale[:2].max())


def test_covering_with_a_narrow_picture_does_not_scale_the_whole_picture() -> None:
    """The whole picture would be 4000 x 200,000,000 pixels."""
    narrow = np.zeros((50_000, 1, 4), np.uint8)
    assert geometry.cover(narrow, 4000, 3000, opaque=True).shape == (3000, 4000, 4)


def test_hidden_colours_of_a_backdrop_stay_hidden() -> None:
    backdrop = np.array([[(255, 0, 0, 255), (0, 255, 0, 0)]], np.uint8)
    covered = geometry.cover(backdrop, 200, 100, opaque=False)
    visible = covered[covered[..., 3] > 8]
    assert visible[:, 1].max() <= 2


def test_a_subject_that_is_only_moved_stays_sharp() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (200, 402, 4), np.uint8)
    pixels[:, 201:] = 0
    placement = Placement(None, (0.5, 0.5))
    moved, box = geometry.apply_placement(pixels, Box(0, 0, 201, 200), placement)
    assert np.array_equal(moved[:, box.left : box.left + 201], pixels[:, :201])
