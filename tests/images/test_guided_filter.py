import numpy as np

from gateway.images.guided_filter import GuidedFilter


def test_an_alpha_that_is_linear_in_the_colours_is_explained() -> None:
    image = np.random.default_rng(0).random((64, 64, 3), np.float32)
    true = np.asarray(image @ np.array((0.5, 0.2, -0.1)) + 0.2, np.float32)
    model = GuidedFilter(image, 4, 1e-5).fit(true)
    found = (model.coefficients[..., :3] * image).sum(axis=2) + model.coefficients[..., 3]
    assert np.abs(found - true).max() < 0.01
    assert model.fit.min() > 0.99


def test_an_alpha_that_the_colours_do_not_follow_is_not_explained() -> None:
    random = np.random.default_rng(0)
    image, alpha = random.random((64, 64, 3), np.float32), random.random((64, 64), np.float32)
    assert GuidedFilter(image, 8).fit(alpha).fit.mean() < 0.05


def test_a_constant_alpha_stays() -> None:
    image = np.random.default_rng(0).random((64, 64, 3), np.float32)
    model = GuidedFilter(image, 4).fit(np.full((64, 64), 0.5, np.float32))
    found = (model.coefficients[..., :3] * image).sum(axis=2) + model.coefficients[..., 3]
    assert np.abs(found - 0.5).max() < 1e-3
