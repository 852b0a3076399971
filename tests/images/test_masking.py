"""Corrections and edge controls together with everything else that shapes a result."""

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from gateway.errors import NoForeground
from gateway.images import pipeline
from gateway.images.files import Files, read_headers
from gateway.options import parse
from tests.images.soft_scene import (
    HEIGHT,
    IMAGES,
    WIDTH,
    alpha_of,
    jpeg,
    levels,
    model_mask,
    pixels_of,
    run,
)

OFF: dict[str, dict[str, str]] = {
    "zero": {"invert": "false", "threshold": "0", "smooth": "0", "expand": "0px", "feather": "0%"},
    "empty": {"keep": " ; ", "erase": ";", "feather": ""},
}


@pytest.mark.parametrize("fields", OFF.values(), ids=OFF)
def test_controls_that_are_off_change_nothing(fields: dict[str, str]) -> None:
    for data in IMAGES.values():
        assert run(Files(data), **fields).data == run(Files(data)).data


def test_a_mask_of_the_results_size_is_used_as_it_is() -> None:
    mask = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH)).astype(np.uint8)
    assert np.array_equal(alpha_of(Files(jpeg(), mask=levels(mask))), mask)
    limited = alpha_of(Files(IMAGES["semi-transparent"], mask=levels(mask)))
    own = np.asarray(Image.open(BytesIO(IMAGES["semi-transparent"])))[..., 3]
    assert np.array_equal(limited, np.minimum(mask, own))


@pytest.mark.parametrize("size", [(30, 20), (1500, 1000), (16, 400)])
def test_a_mask_of_any_size_covers_the_whole_picture(size: tuple[int, int]) -> None:
    mask = np.zeros(size[::-1], np.uint8)
    mask[:, size[0] // 2 :] = 255
    for fields in ({}, {"roi": "0% 0% 100% 50%"}):
        alpha = alpha_of(Files(jpeg(), mask=levels(mask)), **fields)
        lowest = HEIGHT // 2 if fields else HEIGHT
        assert not alpha[:, :120].any()
        assert np.all(alpha[:lowest, 180:] == 255)
        assert not alpha[lowest:].any()


def test_confidence_with_a_mask_is_that_of_the_mask() -> None:
    assert run(
        Files(jpeg(), mask=levels(np.full((9, 9), 204, np.uint8)))
    ).confidence == pytest.approx(0.8)


def test_hints_overrule_the_mask_and_erasing_overrules_keeping() -> None:
    trimap = np.full((HEIGHT, WIDTH), 128, np.uint8)
    trimap[:20], trimap[-20:] = 255, 0
    alpha = alpha_of(
        Files(jpeg(), trimap=levels(trimap)),
        keep="0 0 50px 200px",
        erase="0 0 10px 200px",
        refine="off",  # what is certain changes it nearby
    )
    assert np.all(alpha[:20, 10:] == 255)
    assert np.all(alpha[20:180, 10:50] == 255)
    assert not alpha[-20:].any()
    assert not alpha[:, :10].any()
    untouched = alpha_of(Files(jpeg()), refine="off")
    assert np.array_equal(alpha[20:180, 50:], untouched[20:180, 50:])


@pytest.mark.parametrize("size", [(75, 50), (900, 600)])
def test_a_trimap_may_have_any_size(size: tuple[int, int]) -> None:
    trimap = np.full(size[::-1], 128, np.uint8)
    trimap[:, : size[0] // 3] = 250  # as JPEG blurs white
    alpha = alpha_of(Files(jpeg(), trimap=levels(trimap)), refine="off")
    assert np.all(alpha[:, :99] == 255)
    assert np.array_equal(alpha[:, 101:], alpha_of(Files(jpeg()), refine="off")[:, 101:])


def test_hints_are_in_pixels_of_the_image_whatever_the_results_size() -> None:
    alpha = alpha_of(Files(jpeg()), size="150x100", keep="0 0 100px 20px")
    assert np.all(alpha[:10, :50] == 255)
    assert not alpha[11:20, :20].any()


def test_hints_outside_the_region_do_not_count() -> None:
    alpha = alpha_of(Files(jpeg()), roi="50% 0% 100% 100%", keep="0% 0% 60% 10%")
    assert not alpha[:, : WIDTH // 2].any()
    assert np.all(alpha[:20, WIDTH // 2 : 180] == 255)


@pytest.mark.parametrize("image", IMAGES)
def test_no_control_makes_a_pixel_more_opaque_than_the_file(image: str) -> None:
    own = np.asarray(Image.open(BytesIO(IMAGES[image])).convert("RGBA"))[..., 3]
    for fields in ({"invert": "1"}, {"threshold": "1"}, {"expand": "20"}, {"feather": "9"}):
        alpha = alpha_of(Files(IMAGES[image]), keep="0 0 90px 90px", **fields)
        assert np.all(alpha <= own)


def test_inverted_twice_is_the_same_alpha() -> None:
    for data in IMAGES.values():
        inverted = run(Files(data), invert="1", channels="alpha").data
        twice = alpha_of(Files(data, mask=inverted), invert="1")
        assert np.array_equal(twice, alpha_of(Files(data)))


def test_an_inverted_result_is_the_background_without_the_subjects_tint() -> None:
    pixels = pixels_of(run(Files(jpeg()), invert="1"))
    assert not pixels[80:120, 130:170].any()
    soft = pixels[(pixels[..., 3] > 40) & (pixels[..., 3] < 250)].astype(int)
    assert len(soft) > 1000
    assert np.all(np.abs(np.median(soft[:, :3], axis=0) - (40, 190, 70)) < 20)
    outside = pixels_of(run(Files(jpeg()), invert="1", roi="20% 10% 80% 90%"))[:15]
    original = np.asarray(Image.open(BytesIO(jpeg())))[:15]
    assert np.array_equal(outside[..., :3], original)
    assert np.all(outside[..., 3] == 255)


def test_what_an_expanded_edge_reveals_has_the_foregrounds_colours() -> None:
    for fields in ({"expand": "12"}, {"feather": "30"}):
        hidden = alpha_of(Files(jpeg())) == 0
        pixels = pixels_of(run(Files(jpeg()), **fields))
        revealed = pixels[hidden & (pixels[..., 3] > 0)].astype(int)
        assert len(revealed) > 1000
        assert np.all(np.abs(revealed[:, :3] - (220, 60, 50)).max(axis=0) < 40)


def test_the_box_and_must_find_are_of_the_final_alpha() -> None:
    whole, wide = run(Files(jpeg())).foreground, run(Files(jpeg()), expand="10").foreground
    assert whole
    assert wide
    assert abs(wide.width - whole.width - 20) <= 2
    assert run(Files(jpeg()), invert="1").foreground
    options = {"erase": "0% 0% 100% 100%"}
    assert run(Files(jpeg()), **options).foreground is None
    cropped = run(Files(jpeg()), crop="1", expand="10")
    assert (cropped.width, cropped.height) == (wide.width, wide.height)


def test_must_find_counts_what_the_controls_leave() -> None:
    headers = read_headers(Files(jpeg()), max_bytes=10**7, max_pixels=10**7)
    options = replace(parse({"threshold": "100", "expand": "-100px"}), must_find=True)
    with pytest.raises(NoForeground):
        pipeline.compose_and_encode(
            pipeline.decode_images(headers, options), model_mask(), options, 10**7
        )


def test_controls_go_in_their_documented_order() -> None:
    """Feathering after the threshold stays soft, and expanding follows smoothing."""
    alpha = alpha_of(Files(jpeg()), threshold="50", feather="10px")
    assert np.count_nonzero((alpha > 0) & (alpha < 255)) > 1000
    hard = alpha_of(Files(jpeg()), threshold="50", expand="5")
    assert set(np.unique(hard)) == {0, 255}
