"""Properties of the edge controls, for any alpha."""

import tracemalloc

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.images import edge_controls, morphology
from gateway.images.matte import Alpha
from gateway.options import EdgeControls, Length, parse


@st.composite
def alphas(draw: st.DrawFn) -> Alpha:
    """Return levels of any size; noise, blobs or a few flat parts."""
    height, width = draw(st.integers(1, 60)), draw(st.integers(1, 60))
    rng = np.random.default_rng(draw(st.integers(0, 2**16)))
    noise = rng.integers(0, 256, (height, width)).astype(np.uint8)
    blur = draw(st.sampled_from([0, 1, 5]))
    soft = np.asarray(cv2.GaussianBlur(noise, (0, 0), blur), np.uint8) if blur else noise
    return soft // 128 * 255 if draw(st.booleans()) else soft


LENGTHS = st.floats(0.1, 40)
RADII = st.integers(-40, 40)


def disc(radius: int, side: int = 400) -> Alpha:
    alpha = np.zeros((side, side), np.uint8)
    cv2.circle(alpha, (side // 2, side // 2), radius, 255, -1, cv2.LINE_AA)
    return alpha


@given(alphas())
def test_without_controls_alpha_is_the_same_array(alpha: Alpha) -> None:
    assert edge_controls.apply(alpha, EdgeControls()) is alpha
    assert edge_controls.apply(alpha, parse({"expand": "0.4px", "invert": "1"}).edges) is alpha


@given(alphas(), LENGTHS, RADII)
def test_size_and_type_stay_and_the_argument_is_not_changed(
    alpha: Alpha, length: float, radius: int
) -> None:
    before = alpha.copy()
    controls = EdgeControls(False, 0.5, Length(length), Length(radius), Length(length))
    for each in (
        controls,
        EdgeControls(smooth=Length(length)),
        EdgeControls(expand=Length(radius)),
        EdgeControls(feather=Length(length)),
    ):
        after = edge_controls.apply(alpha, each)
        assert after.shape == before.shape
        assert after.dtype == np.uint8
        assert np.array_equal(after, edge_controls.apply(alpha, each))
    assert np.array_equal(alpha, before)


@given(st.integers(0, 255), LENGTHS, RADII)
def test_a_flat_alpha_stays_as_it_is(level: int, length: float, radius: int) -> None:
    alpha = np.full((37, 50), level, np.uint8)
    controls = EdgeControls(
        smooth=Length(length), expand=Length(max(0, -radius)), feather=Length(length)
    )
    assert np.all(np.abs(edge_controls.apply(alpha, controls).astype(int) - level) <= 1)


@given(alphas(), alphas(), RADII, LENGTHS)
def test_more_alpha_never_gives_less(
    alpha: Alpha, other: Alpha, radius: int, length: float
) -> None:
    more = np.maximum(alpha, np.resize(other, alpha.shape))
    assert np.all(morphology.move_edge(alpha, radius) <= morphology.move_edge(more, radius))
    assert np.all(edge_controls.feather(alpha, length) <= edge_controls.feather(more, length))
    for share in (0.01, 0.5, 1):
        low, high = (
            edge_controls.apply(each, EdgeControls(threshold=share)) for each in (alpha, more)
        )
        assert np.all(low <= high)


@given(alphas(), st.integers(0, 30))
def test_expanding_adds_and_shrinking_is_its_mirror(alpha: Alpha, radius: int) -> None:
    wider = morphology.move_edge(alpha, radius)
    assert np.all(wider >= alpha)
    assert np.array_equal(255 - morphology.move_edge(255 - alpha, -radius), wider)
    assert np.all(morphology.move_edge(wider, -radius) >= alpha)  # a closing only adds


@pytest.mark.parametrize("radius", [1, 2, 3, 4, 5, 8, 10, 17, 40, 100])
@pytest.mark.parametrize("sign", [1, -1])
def test_a_disc_grows_and_shrinks_by_the_radius(radius: int, sign: int) -> None:
    start = 120 if sign > 0 else 180
    wide, before = (
        np.sqrt(alpha.sum() / 255 / np.pi)
        for alpha in (morphology.move_edge(disc(start, 500), sign * radius), disc(start, 500))
    )
    assert abs(sign * (wide - before) - radius) <= 0.5 + 0.06 * radius


@pytest.mark.parametrize("radius", [1, 4, 5, 9, 10, 18, 25, 100, 433])
def test_the_kernel_is_symmetrical_and_round(radius: int) -> None:
    side = 2 * radius + 5
    point = np.zeros((side, side), np.uint8)
    point[side // 2, side // 2] = 255
    kernel = morphology.move_edge(point, radius)
    assert np.array_equal(kernel, kernel.T)
    assert np.array_equal(kernel, kernel[::-1])
    assert all(np.ptp(np.flatnonzero(row)) + 1 == row.sum() // 255 for row in kernel if row.any())
    rows, columns = np.nonzero(kernel)
    distances = np.hypot(rows - side // 2, columns - side // 2)
    assert distances.max() <= 1.1 * radius + 1
    directions = np.linspace(0, np.pi, 50)
    reach = [
        (np.cos(a) * (columns - side // 2) + np.sin(a) * (rows - side // 2)).max()
        for a in directions
    ]
    assert min(reach) >= 0.91 * radius - 0.3
    assert max(reach) <= 1.1 * radius + 0.5


@pytest.mark.parametrize("radius", range(morphology.MAX_DISC + 1, 500))
def test_the_segments_of_every_radius_add_up(radius: int) -> None:
    segments = morphology.segments(radius)
    assert all(steps >= 0 for *_, steps in segments)
    assert segments[0][2] >= 1
    assert sum(dy * steps for dy, _, steps in segments) == radius
    assert sum(abs(dx) * steps for _, dx, steps in segments) == radius


@pytest.mark.parametrize("pixels", [3, 10, -3, -10])
def test_a_soft_edge_moves_and_stays_as_soft(pixels: int) -> None:
    ramp = np.clip(np.arange(-100, 100) * 20 + 128, 0, 255).astype(np.uint8)
    alpha = np.tile(ramp, (60, 1))
    moved = morphology.move_edge(alpha, pixels)
    row = moved[30]
    soft = (row > 0) & (row < 255)
    assert soft.sum() == ((ramp > 0) & (ramp < 255)).sum()
    assert np.flatnonzero(soft)[0] == np.flatnonzero((ramp > 0) & (ramp < 255))[0] - pixels


@pytest.mark.parametrize("radius", [0.5, 2, 7, 20, 60])
def test_feathering_keeps_the_mean_and_widens_the_edge(radius: float) -> None:
    alpha = disc(100)
    feathered = edge_controls.feather(alpha, radius)
    assert feathered.mean() == pytest.approx(alpha.mean(), rel=0.01)
    row = feathered[200, 200:]
    soft = np.count_nonzero((row > 5) & (row < 250))
    assert soft <= 2.5 * radius + 3
    assert soft >= 1.2 * radius


def _roughness(alpha: Alpha) -> float:
    """Standard deviation, in pixels, of the edge of all rows from a straight line."""
    edge, rows = alpha.sum(axis=1) / 255, np.arange(len(alpha))
    return float(np.std(edge - np.polyval(np.polyfit(rows, edge, 1), rows)))


@pytest.mark.parametrize("radius", [4.0, 10.0, 30.0])
def test_smoothing_rounds_steps_and_keeps_edges_soft(radius: float) -> None:
    """A slanted edge in steps of 8 pixels, as a small mask that was enlarged has it."""
    rows, columns = np.indices((400, 400))
    jagged = (columns // 8 * 8 < 100 + rows // 8 * 4).astype(np.uint8) * 255
    smooth = edge_controls.smooth(jagged, radius)
    inside = slice(80, 320)
    assert _roughness(smooth[inside]) < _roughness(jagged[inside]) * (0.9 if radius < 8 else 0.4)
    soft = ((smooth > 0) & (smooth < 255))[inside].sum(axis=1)
    assert soft.max() <= 12
    assert soft.min() >= 1


def test_smoothing_leaves_evenly_transparent_parts_alone() -> None:
    alpha = np.zeros((300, 300), np.uint8)
    alpha[50:250, 50:250] = 90
    smooth = edge_controls.smooth(alpha, 10)
    assert np.all(np.abs(smooth[80:220, 80:220].astype(int) - 90) <= 1)


@given(alphas(), st.floats(0.001, 1))
def test_a_threshold_leaves_two_levels(alpha: Alpha, share: float) -> None:
    after = edge_controls.apply(alpha, EdgeControls(threshold=share))
    assert np.array_equal(after == 255, alpha >= round(share * 255, 6))
    assert set(np.unique(after)) <= {0, 255}


def test_percent_are_of_the_longer_side() -> None:
    alpha = disc(50)[100:300]
    controls = [EdgeControls(expand=Length(5, percent=True)), EdgeControls(expand=Length(20))]
    first, second = (edge_controls.apply(alpha, each) for each in controls)
    assert np.array_equal(first, second)


@pytest.mark.parametrize("shape", [(1, 300_000), (300_000, 1), (3, 100_000)])
@pytest.mark.parametrize("name", ["smooth", "expand", "feather"])
@pytest.mark.parametrize("text", ["5%", "100px"])
def test_a_thin_picture_takes_little_memory(shape: tuple[int, int], name: str, text: str) -> None:
    alpha = np.zeros(shape, np.uint8)
    alpha.reshape(-1)[: alpha.size // 2] = 255
    tracemalloc.start()
    edge_controls.apply(alpha, parse({name: text}).edges)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak_bytes < 10 * alpha.size + 1_000_000
