"""Where the subject ends up: remove.bg's roi, crop, scale, position and shadows."""

from collections.abc import Callable
from io import BytesIO

import httpx
import numpy as np
import pytest
from PIL import Image

from gateway.rest.remove_bg import parameters
from tests.rest.remove_bg.client import opened, remove

Photo = Callable[..., bytes]


@pytest.mark.parametrize(
    ("roi", "box"),
    [
        ("0% 0% 100% 100%", (0, 0, 200, 200)),
        ("0% 50% 50% 100%", (100, 0, 100, 100)),
        ("0% 50% 100% 100%", (100, 0, 200, 100)),
        ("100px 0px 300px 200px", (0, 100, 100, 200)),
        ("300 200 100 0", (0, 100, 100, 200)),
    ],
)
async def test_only_the_region_of_interest_is_searched(
    client: httpx.AsyncClient, photo: Photo, roi: str, box: tuple[int, ...]
) -> None:
    """The model finds the left half of whatever it is shown."""
    answer = await remove(client, photo(400, 200), roi=roi)
    said = [int(answer.headers[f"x-foreground-{s}"]) for s in ("top", "left", "width", "height")]
    assert np.abs(np.subtract(said, box)).max() <= 1
    assert opened(answer).size == (400, 200)
    pixels = np.asarray(opened(answer)).astype(int)
    top, left, width, height = box
    inside = slice(top + 1, top + height - 1), slice(left + 1, left + width - 2)
    assert np.all(pixels[inside][..., 3] == 255)
    original = np.asarray(Image.open(BytesIO(photo(400, 200)))).astype(int)
    assert np.array_equal(pixels[inside][..., :3], original[inside])
    outside = np.ones((200, 400), bool)
    outside[max(0, top - 2) : top + height + 2, max(0, left - 2) : left + width + 2] = False
    assert not pixels[outside].any()


@pytest.mark.parametrize(
    ("margin", "size"),
    [
        ("", (200, 200)),
        ("0", (200, 200)),
        ("30px", (260, 260)),
        ("10%", (240, 240)),
        ("10% 20px", (240, 240)),
        ("1px 2px 3px 4px", (206, 204)),
        ("50%", (400, 400)),
    ],
)
async def test_crop_leaves_its_margin(
    client: httpx.AsyncClient, photo: Photo, margin: str, size: tuple[int, int]
) -> None:
    answer = await remove(client, photo(400, 200), crop="true", crop_margin=margin)
    assert opened(answer).size == size
    answer = await remove(client, photo(400, 200), crop_margin=margin)
    assert opened(answer).size == (400, 200), "a margin needs crop"


@pytest.mark.parametrize(
    ("fields", "box"),
    [
        ({"scale": "50%"}, (50, 150, 100, 100)),
        ({"scale": "100%"}, (0, 100, 200, 200)),
        ({"scale": "50%", "position": "original"}, (50, 50, 100, 100)),
        ({"scale": "original"}, (0, 0, 200, 200)),
        ({"position": "center"}, (0, 100, 200, 200)),
        ({"position": "100%"}, (0, 200, 200, 200)),
        ({"position": "100% 0%", "scale": "50%"}, (0, 300, 100, 100)),
        ({"position": "0% 100%", "scale": "10%"}, (180, 0, 20, 20)),
    ],
)
async def test_scale_and_position(
    client: httpx.AsyncClient, photo: Photo, fields: dict[str, str], box: tuple[int, ...]
) -> None:
    answer = await remove(client, photo(400, 200), **fields)
    said = [int(answer.headers[f"x-foreground-{s}"]) for s in ("top", "left", "width", "height")]
    assert np.abs(np.subtract(said, box)).max() <= 1
    alpha = np.asarray(opened(answer))[..., 3] > 127
    rows, columns = np.flatnonzero(alpha.any(1)), np.flatnonzero(alpha.any(0))
    found = (rows[0], columns[0], np.ptp(columns) + 1, np.ptp(rows) + 1)
    assert np.abs(np.subtract(found, box)).max() <= 1


@pytest.mark.parametrize(
    ("fields", "opacity"),
    [
        ({}, 0),
        ({"shadow_type": "none", "shadow_opacity": "80"}, 0),
        ({"add_shadow": "true"}, 0.5),
        ({"shadow_type": "auto"}, 0.5),
        ({"shadow_type": "drop", "shadow_opacity": "80"}, 0.8),
        ({"shadow_type": "car"}, 0.9),
        ({"shadow_type": "3D", "shadow_opacity": "auto"}, 0.5),
        ({"shadow_type[other]": "drop", "shadow_type": "none"}, 0.5),
        ({"shadow_type": "drop", "shadow_opacity[other]": "30"}, 0.3),
    ],
)
def test_there_is_one_shadow(fields: dict[str, str], opacity: float) -> None:
    assert parameters.parse(fields, has_backdrop=False).shadow == opacity


async def test_a_shadow_lies_under_the_subject(client: httpx.AsyncClient, photo: Photo) -> None:
    plain = np.asarray(opened(await remove(client, photo(400, 200), scale="50%")))
    answer = await remove(client, photo(400, 200), scale="50%", shadow_type="drop")
    shadowed = np.asarray(opened(answer))
    solid = plain[..., 3] == 255
    assert np.array_equal(shadowed[solid], plain[solid])
    below = shadowed[151:153, 190:210]
    assert np.all(below[..., :3] <= 8)
    assert 50 < below[..., 3].mean() < 128
    assert not shadowed[:, :100, 3].any()
