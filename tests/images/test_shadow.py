import numpy as np
import pytest

from gateway.images import matte, shadow


@pytest.mark.parametrize(
    ("width", "height"), [(512, 6), (5120, 60), (2000, 20), (6, 512), (1, 1), (300, 200)]
)
def test_a_shadow_of_any_shape_is_black_with_limited_alpha(width: int, height: int) -> None:
    alpha = np.zeros((height, width), np.uint8)
    alpha[: height // 2 + 1, width // 4 : width - width // 4] = 255
    box = matte.bounding_box(alpha)
    assert box
    under = shadow.drop_shadow(alpha, box, 0.5)
    assert under.shape == (height, width, 4)
    assert not under[..., :3].any()
    assert under[..., 3].max() <= 128


def test_a_shadow_is_soft_and_a_little_lower_than_the_subject() -> None:
    alpha = np.zeros((400, 400), np.uint8)
    alpha[100:200, 100:300] = 255
    box = matte.bounding_box(alpha)
    assert box
    under = shadow.drop_shadow(alpha, box, 1.0)[..., 3].astype(float)
    rows = np.arange(400)[:, None]
    assert (under * rows).sum() / under.sum() == pytest.approx(149.5 + 0.03 * 200, abs=1)
    assert 0 < under[206, 200] < 255
