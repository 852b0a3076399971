from collections.abc import Callable
from io import BytesIO

import hypothesis
import numpy as np
import pytest
from PIL import Image

# No deadlines: machines are shared. `make fuzz` asks for the large one.
hypothesis.settings.register_profile("small", max_examples=60, deadline=None)
hypothesis.settings.register_profile("large", max_examples=10_000, deadline=None)
hypothesis.settings.load_profile("small")

Make = Callable[..., bytes]


@pytest.fixture
def photo() -> Make:
    """Makes an encoded picture: a gradient, so that no row or column equals another."""

    def make(width: int = 64, height: int = 48, format_: str = "PNG", **options: object) -> bytes:
        rows, columns = np.indices((height, width))
        levels = (
            columns * 255 // max(1, width - 1),
            rows * 255 // max(1, height - 1),
            rows * 0 + 128,
        )
        out = BytesIO()
        Image.fromarray(np.dstack(levels).astype(np.uint8)).save(out, format_, **options)
        return out.getvalue()

    return make
