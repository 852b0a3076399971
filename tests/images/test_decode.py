from collections.abc import Callable
from io import BytesIO

import numpy as np
import pytest
from PIL import Image, ImageOps

from gateway.errors import BadImage, TooManyPixels
from gateway.images.decode import decode, model_input, read_header

MAX_PIXELS = 50_000_000


def pixels(data: bytes) -> np.ndarray:
    return decode(read_header(data, max_pixels=MAX_PIXELS))


@pytest.mark.parametrize(
    ("format_", "options", "tolerance"),
    [
        ("PNG", {}, 0),
        ("WEBP", {"lossless": True}, 0),
        ("WEBP", {"quality": 95}, 12),
        ("JPEG", {"quality": 95}, 6),
        ("JPEG", {"quality": 95, "progressive": True}, 6),
    ],
)
def test_each_format_gives_its_pixels(
    photo: Callable[..., bytes], format_: str, options: dict[str, object], tolerance: int
) -> None:
    reference = np.asarray(Image.open(BytesIO(photo())), np.int16)
    decoded = pixels(photo(format_=format_, **options))
    assert decoded.dtype == np.uint8
    assert np.abs(decoded - reference).max() <= tolerance


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_comes_out_upright(photo: Callable[..., bytes], orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = photo(format_="PNG", exif=exif)
    assert np.array_equal(
        pixels(data), np.asarray(ImageOps.exif_transpose(Image.open(BytesIO(data))))
    )


@pytest.mark.parametrize("mode", ["L", "P", "RGBA", "LA", "1"])
def test_other_modes_become_rgb(photo: Callable[..., bytes], mode: str) -> None:
    out = BytesIO()
    Image.open(BytesIO(photo())).convert(mode).save(out, "PNG")
    assert pixels(out.getvalue()).shape == (48, 64, 3)


def test_cmyk_jpeg_becomes_rgb(photo: Callable[..., bytes]) -> None:
    out = BytesIO()
    Image.open(BytesIO(photo())).convert("CMYK").save(out, "JPEG")
    assert pixels(out.getvalue()).shape == (48, 64, 3)


@pytest.mark.parametrize("format_", ["PNG", "WEBP", "JPEG"])
@pytest.mark.parametrize("tenth", range(10))
def test_a_file_cut_short_is_refused(photo: Callable[..., bytes], format_: str, tenth: int) -> None:
    data = photo(400, 300, format_)
    with pytest.raises(BadImage):
        pixels(data[: len(data) * tenth // 10])


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello, world", id="text"),
        pytest.param(b"%PDF-1.7\n", id="another kind of file"),
        pytest.param(b"\xff\xd8\xff", id="only the first bytes of a JPEG"),
    ],
)
def test_what_is_no_image_is_refused(data: bytes) -> None:
    with pytest.raises(BadImage, match="JPEG, PNG or WebP"):
        read_header(data, max_pixels=MAX_PIXELS)


def test_too_many_pixels_are_refused_by_the_header_alone(photo: Callable[..., bytes]) -> None:
    data = photo(400, 300)
    assert read_header(data, max_pixels=120_000).megapixels == 0.12
    with pytest.raises(TooManyPixels, match="400x300"):
        read_header(data[:200], max_pixels=119_999)


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 3000), (4000, 30), (2000, 1500)])
def test_any_shape_is_squeezed_to_the_models_input(width: int, height: int) -> None:
    image = model_input(np.full((height, width, 3), 200, np.uint8))
    assert image.shape == (1024, 1024, 3)
    assert np.all(image == 200)
