from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gateway.images import png


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 50), (50, 1), (257, 129)])
def test_pixels_survive_exactly(width: int, height: int, channels: int) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)
    image = Image.open(BytesIO(png.encode(pixels)))
    image.verify()
    image = Image.open(BytesIO(png.encode(pixels)))
    assert image.mode == {3: "RGB", 4: "RGBA"}[channels]
    assert np.array_equal(np.asarray(image), pixels)
