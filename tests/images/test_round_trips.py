"""A result's own alpha, sent back as the mask, gives the same result."""

import pytest

from gateway.images.files import Files
from tests.images.soft_scene import IMAGES, run

ROUND_TRIPS: dict[str, dict[str, str]] = {
    "nothing": {},
    "roi": {"roi": "20% 10% 70% 80%"},
    "roi that cuts": {"roi": "100px 60px 220px 150px"},
    "shrunk": {"size": "150x150"},
    "shrunk roi": {"size": "97x97", "roi": "10% 10% 60% 90%"},
    "hints": {"keep": "0 0 30px 30px; 90% 90% 100% 100%", "erase": "45% 0% 55% 100%"},
    "colour": {"bg_color": "#08F"},
    "placement": {"scale": "60%", "position": "10% 90%", "shadow": "40"},
    "crop": {"crop": "1", "crop_margin": "7px", "bg_color": "#08F8"},
    "refine high": {"refine": "high"},
    "refine off": {"refine": "off"},
}

AFTERWARDS = {"crop", "crop_margin", "scale", "position", "shadow", "bg_color", "format"}
"""Options of steps that come after alpha; with them its picture would have another shape."""


@pytest.mark.parametrize("image", IMAGES)
@pytest.mark.parametrize(
    "fields",
    [*ROUND_TRIPS.values(), *({"format": kind} for kind in ("webp", "zip", "jpg"))],
    ids=[*ROUND_TRIPS, "webp", "zip", "jpg"],
)
def test_a_results_own_alpha_as_mask_gives_the_same_bytes(
    image: str, fields: dict[str, str]
) -> None:
    data = IMAGES[image]
    whole = {name: text for name, text in fields.items() if name not in AFTERWARDS}
    alpha = run(Files(data), **whole, channels="alpha")
    assert run(Files(data, mask=alpha.data), **fields).data == run(Files(data), **fields).data


@pytest.mark.parametrize("image", IMAGES)
def test_an_inverted_results_own_alpha_gives_the_same_bytes(image: str) -> None:
    data = IMAGES[image]
    alpha = run(Files(data), channels="alpha", invert="true")
    assert run(Files(data, mask=alpha.data)).data == run(Files(data), invert="true").data
