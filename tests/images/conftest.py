from collections.abc import Callable
from io import BytesIO

import pytest
from PIL import Image


@pytest.fixture
def original(photo: Callable[..., bytes]) -> Image.Image:
    return Image.open(BytesIO(photo(160, 120)))
