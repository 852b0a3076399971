from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from loadtest.edges import metrics
from loadtest.edges.pairs import pairs
from loadtest.edges.shapes import Cutout, over, shapes


def disc(radius: int, side: int = 200) -> NDArray[np.uint8]:
    drawn = cv2.circle(np.zeros((side, side), np.uint8), (100, 100), radius, 255, -1)
    return np.asarray(drawn, np.uint8)


def test_the_true_alpha_has_no_errors() -> None:
    found = metrics.errors(disc(50), disc(50))
    assert (found.sad, found.mse, found.gradient, found.connectivity) == (0, 0, 0, 0)
    assert found.boundary_iou == 1


def test_errors_are_those_of_the_band_around_the_true_edge() -> None:
    true = disc(50)
    in_band, far = true.copy(), true.copy()
    in_band[100, 40:50] = 255  # ten pixels, right beside the edge
    far[5, 5:15] = 255
    assert metrics.errors(in_band, true).sad == pytest.approx(0.010)
    assert metrics.errors(far, true).sad == 0


def test_a_speck_beside_the_subject_is_an_error_of_connectivity() -> None:
    specked = disc(50)
    specked[100, 35:40] = 255
    assert metrics.errors(specked, disc(50)).connectivity == pytest.approx(0.005)


def test_the_further_from_the_true_edge_the_worse() -> None:
    near, far = (metrics.errors(disc(radius), disc(50)) for radius in (51, 55))
    assert far.sad > near.sad
    assert far.gradient > near.gradient
    assert far.boundary_iou < near.boundary_iou < 1


def test_a_cutout_over_a_background_mixes_both_by_alpha() -> None:
    alpha = np.array([[0, 51, 255]], np.uint8)
    colors = np.full((1, 3, 3), 250, np.uint8)
    mixed = over(Cutout("", colors, alpha), np.full((4, 4, 3), 100, np.uint8))
    assert mixed[0, :, 0].tolist() == [100, 130, 250]


def test_every_shape_has_a_subject_and_both_halves_have_some() -> None:
    found = list(shapes(320, 240))
    assert len({cutout.name for cutout in found}) == len(found) == 32
    assert all(0.03 < (cutout.alpha > 127).mean() < 0.6 for cutout in found)


def test_a_folder_of_drawings_becomes_pairs(tmp_path: Path) -> None:
    alpha = cv2.resize(disc(60), (1100, 1000))
    (tmp_path / "backgrounds").mkdir()
    cv2.imwrite(str(tmp_path / "backgrounds" / "wall.png"), np.full((9, 9, 3), 40, np.uint8))
    cv2.imwrite(str(tmp_path / "sun.png"), np.dstack([np.full_like(alpha, 90)] * 3 + [alpha]))
    cv2.imwrite(str(tmp_path / "small.png"), np.zeros((20, 20, 4), np.uint8))
    found = list(pairs(tmp_path))
    assert {pair.name for pair in found} == {"sun on wall"}
    for pair in found:
        assert np.array_equal(pair.alpha, alpha)
        assert (pair.picture[0, 0] == 40).all(), "the background"
        assert (pair.picture[500, 550] == 90).all()
