"""Files that are no image, damaged or a decompression bomb are rejected at little cost."""

import struct
import zlib
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image

from gateway.errors import BadImage, DamagedImage, TooManyPixels
from tests.images.files import encoded, heic, png, read

Make = Callable[..., bytes]


FILES: dict[str, Callable[[Image.Image], bytes]] = {
    name: lambda image, name=name: encoded(image, name)
    for name in ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
} | {"HEIC": heic, "TIFF-LZW": lambda image: encoded(image, "TIFF", compression="tiff_lzw")}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("tenth", range(10))
def test_a_truncated_file_is_rejected(original: Image.Image, name: str, tenth: int) -> None:
    data = FILES[name](original)
    with pytest.raises(BadImage):
        read(data[: len(data) * tenth // 10])


@pytest.mark.parametrize("name", FILES)
def test_a_damaged_file_is_decoded_or_rejected(original: Image.Image, name: str) -> None:
    """Random bytes are changed: no other exception, and no hang."""
    whole = FILES[name](original)
    random = np.random.default_rng(0)
    for _ in range(60):
        data = bytearray(whole)
        for offset in random.integers(0, min(len(data), random.choice([64, 512, len(data)])), 4):
            data[offset] = random.integers(0, 256)
        try:
            picture = read(bytes(data))
        except (BadImage, TooManyPixels):
            continue
        assert picture.model_input.shape == (1024, 1024, 3)


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"hello, world", id="text"),
        pytest.param(b"%PDF-1.7\n", id="another kind of file"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", id="SVG"),
        pytest.param(b"\xff\xd8\xff", id="only the first bytes of a JPEG"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", id="a format that Pillow would run"),
    ],
)
def test_a_file_that_is_no_image_is_rejected(data: bytes) -> None:
    with pytest.raises(BadImage, match="JPEG, PNG"):
        read(data)


def test_sizes_of_zero_are_rejected() -> None:
    for width, height in ((0, 5), (5, 0), (0, 0)):
        with pytest.raises(BadImage):
            read(png(width, height, b""))


def test_floating_point_channels_are_rejected(original: Image.Image) -> None:
    with pytest.raises(BadImage, match="kind that is not read"):
        read(encoded(original.convert("F"), "TIFF"))


@pytest.mark.parametrize(
    "bomb",
    [
        pytest.param(lambda: png(60_000, 60_000, b"\0" * 1000), id="PNG"),
        pytest.param(lambda: b"GIF89a\xff\xff\xff\xff" + gif()[10:], id="GIF"),
        pytest.param(
            lambda: (
                b"BM"
                + struct.pack("<IIIIiiHHIIIIII", 999, 0, 54, 40, 60_000, 60_000, 1, 24, *[0] * 6)
            ),
            id="BMP",
        ),
    ],
)
def test_a_decompression_bomb_is_rejected_by_its_header(bomb: Callable[[], bytes]) -> None:
    with pytest.raises(TooManyPixels, match="50 megapixels"):
        read(bomb())


def test_a_bomb_in_a_text_chunk_is_rejected_or_skipped(photo: Make) -> None:
    data = photo()
    text = b"zTXt" + b"comment\0\0" + zlib.compress(b"\0" * 200_000_000, 9)
    chunk = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    try:
        read(data[:33] + chunk + data[33:])
    except BadImage:
        pass


def test_a_jpeg_with_too_many_scans_is_rejected(original: Image.Image) -> None:
    data = encoded(original, "JPEG", progressive=True)
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(BadImage, match="scans"):
        read(data[:-2] + scan * 500 + data[-2:])


def gif() -> bytes:
    return encoded(Image.new("P", (9, 9)), "GIF")


def test_too_many_scans_after_an_mpo_index_are_rejected(original: Image.Image) -> None:
    data = encoded(original, "MPO", progressive=True, save_all=True, append_images=[original])
    scan = data[data.rindex(b"\xff\xda") : -2]
    with pytest.raises(BadImage, match="scans"):
        read(data[:-2] + scan * 500 + data[-2:])


def test_a_palette_image_without_its_palette_is_damaged(original: Image.Image) -> None:
    data = encoded(original.quantize(16), "PNG")
    start = data.index(b"PLTE") - 4
    (length,) = struct.unpack(">I", data[start : start + 4])
    with pytest.raises(DamagedImage):
        read(data[:start] + data[start + length + 12 :])
