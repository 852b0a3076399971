import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from gateway.images import foreground
from gateway.images.picture import Pixels
from loadtest.edges.color_scenes import Scene, scenes

SCENES = list(scenes(1600, 1200))


def cut_out(mixed: NDArray[np.uint8], alpha: NDArray[np.uint8]) -> Pixels:
    pixels = np.dstack((mixed, alpha))
    image = cv2.resize(mixed, (1024, 1024), interpolation=cv2.INTER_AREA)
    foreground.remove_background_tint(pixels, alpha, np.asarray(image, np.uint8))
    return pixels


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_the_tint_of_a_strong_background_is_removed_from_edges(scene: Scene) -> None:
    """The error is less than half of what plain alpha leaves."""
    cleaned = cut_out(scene.mixed, scene.alpha)
    assert scene.error(cleaned) <= scene.error(scene.mixed) / 2


@pytest.mark.parametrize("scene", SCENES[:1], ids=lambda scene: scene.name)
def test_only_colours_of_soft_pixels_change(scene: Scene) -> None:
    cleaned = cut_out(scene.mixed, scene.alpha)
    hard = (scene.alpha == 0) | (scene.alpha >= foreground.NEARLY_OPAQUE)
    assert np.array_equal(cleaned[..., 3], scene.alpha)
    assert np.array_equal(cleaned[hard][:, :3], scene.mixed[hard])


def test_equal_foreground_and_background_keep_their_texture() -> None:
    """Where both have the same colours, the picture stays the same at any alpha."""
    texture = np.random.default_rng(0).integers(100, 110, (300, 300, 3), np.uint8)
    mask = np.tile(np.linspace(0, 255, 1024).astype(np.uint8), (1024, 1))
    alpha = np.asarray(cv2.resize(mask, (300, 300)), np.uint8)
    cleaned = cut_out(texture, alpha)
    assert np.abs(cleaned[..., :3].astype(int) - texture).max() <= 10


def test_unmix_returns_the_foreground_if_the_estimates_are_exact() -> None:
    random = np.random.default_rng(0)
    front, back = random.integers(0, 256, (2, 500, 4), np.uint8)
    alpha = random.integers(1, 255, (500, 1), np.uint8)
    weight = alpha / 255
    mixed = np.rint(weight * front + (1 - weight) * back).astype(np.uint8)
    mixed[:, 3:] = alpha
    unmixed = foreground.unmix(mixed, front, back)
    assert np.abs(unmixed[:, :3].astype(int) - front[:, :3]).max() <= 2
    assert np.array_equal(unmixed[:, 3:], alpha)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 700), (900, 1), (40, 30)])
def test_any_shape_and_any_mask_can_be_cleaned(width: int, height: int, level: int) -> None:
    mixed = np.full((height, width, 3), 90, np.uint8)
    alpha = np.full((height, width), level, np.uint8)
    cleaned = cut_out(mixed, alpha)
    assert np.abs(cleaned[..., :3].astype(int) - 90).max() <= 1
