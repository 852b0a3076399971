import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.images import refine
from gateway.images.refine import MAX_SOFT_SHARE, SOFT
from gateway.options import Refine
from loadtest.edges import metrics
from loadtest.edges.shapes import Cutout, over, shapes

LEVELS = [Refine.AUTO, Refine.HIGH]

Image = NDArray[np.uint8]


def hair() -> Cutout:
    return next(iter(shapes(1200, 900)))


def scene(cutout: Cutout) -> tuple[Image, Image, Image]:
    """The picture, the model's input, and a mask as blurred as the model's, at the full size."""
    picture = over(cutout, np.full((10, 10, 3), (0, 160, 60), np.uint8))
    image = cv2.resize(picture, (1024, 1024), interpolation=cv2.INTER_AREA)
    mask = cv2.resize(cutout.alpha, (256, 256), interpolation=cv2.INTER_AREA)
    height, width = cutout.alpha.shape
    alpha = cv2.resize(mask, (width, height), interpolation=cv2.INTER_LINEAR)
    return picture, np.asarray(image, np.uint8), np.asarray(alpha, np.uint8)


def refined(
    picture: Image,
    image: Image,
    alpha: Image,
    level: Refine,
    mixed: NDArray[np.bool_] | None = None,
) -> Image:
    result = alpha.copy()
    refine.refine(result, np.dstack((picture, alpha)), image, level, mixed)
    return result


def test_each_level_is_nearer_to_the_true_alpha_than_the_one_below() -> None:
    cutout = hair()
    picture, image, alpha = scene(cutout)
    off, auto, high = (
        metrics.errors(refined(picture, image, alpha, level), cutout.alpha)
        for level in (Refine.OFF, Refine.AUTO, Refine.HIGH)
    )
    assert high.sad < auto.sad < 0.9 * off.sad
    assert high.mse < auto.mse < off.mse
    assert auto.boundary_iou > off.boundary_iou


@pytest.mark.parametrize("level", LEVELS)
def test_firm_pixels_stay(level: Refine) -> None:
    picture, image, alpha = scene(hair())
    firm = (alpha < SOFT[0]) | (alpha >= SOFT[1])
    assert np.array_equal(refined(picture, image, alpha, level)[firm], alpha[firm])


@pytest.mark.parametrize("level", LEVELS)
def test_a_firm_mask_stays_bit_by_bit(level: Refine) -> None:
    picture, image, alpha = scene(hair())
    firm = np.where(alpha > 127, 255, 0).astype(np.uint8)
    assert np.array_equal(refined(picture, image, firm, level), firm)


@pytest.mark.parametrize("level", [Refine.OFF, *LEVELS])
def test_the_same_picture_gives_the_same_alpha(level: Refine) -> None:
    picture, image, alpha = scene(hair())
    first, second = (refined(picture, image, alpha, level) for _ in range(2))
    assert np.array_equal(first, second)
    assert np.array_equal(first, alpha) == (level is Refine.OFF)


@pytest.mark.parametrize("level", LEVELS)
def test_a_mask_that_is_soft_all_over_stays(level: Refine) -> None:
    """Smoke and glass: their colours say little of their alpha."""
    picture, image, alpha = scene(hair())
    smoke = np.clip(alpha, 40, 200)
    assert (smoke > 0).mean() > MAX_SOFT_SHARE
    assert np.array_equal(refined(picture, image, smoke, level), smoke)


@pytest.mark.parametrize("level", LEVELS)
def test_nothing_changes_where_the_file_is_transparent(level: Refine) -> None:
    picture, image, alpha = scene(hair())
    mixed = np.zeros(alpha.shape, np.bool_)
    mixed[:, :600] = True
    result = refined(picture, image, alpha, level, mixed)
    assert np.array_equal(result[:, 600:], alpha[:, 600:])
    assert not np.array_equal(result[:, :600], alpha[:, :600])


@pytest.mark.parametrize("level", LEVELS)
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 700), (900, 1), (40, 30), (3000, 2)])
def test_any_shape_and_any_alpha_can_be_refined(width: int, height: int, level: Refine) -> None:
    random = np.random.default_rng(0)
    picture = random.integers(0, 256, (height, width, 3), np.uint8)
    image = np.asarray(cv2.resize(picture, (1024, 1024)), np.uint8)
    for soft in (0.05, 1.0):
        levels = random.integers(0, 256, (height, width), np.uint8)
        alpha = np.where(random.random((height, width)) < soft, levels, 255).astype(np.uint8)
        result = refined(picture, image, alpha, level)
        assert result.shape == alpha.shape


@pytest.mark.parametrize("level", LEVELS)
def test_a_picture_of_one_colour_keeps_its_mask(level: Refine) -> None:
    """Its colours say nothing."""
    _, _, alpha = scene(hair())
    picture = np.full((*alpha.shape, 3), 90, np.uint8)
    image = np.full((1024, 1024, 3), 90, np.uint8)
    change = refined(picture, image, alpha, level).astype(int) - alpha
    assert np.abs(change).max() <= 12
