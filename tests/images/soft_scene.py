"""A picture with soft edges, the model's mask of it, and its whole way to a result."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from gateway.images import pipeline
from gateway.images.files import Files, read_headers
from gateway.images.levels import decode_mask
from gateway.images.pipeline import EncodedResult
from gateway.options import parse
from tests.images.files import encoded

WIDTH, HEIGHT = 300, 200


def scene() -> NDArray[np.uint8]:
    """A red disc with a soft edge on noisy green, opaque."""
    rows, columns = np.indices((HEIGHT, WIDTH))
    share = np.clip((70 - np.hypot(rows - 100, columns - 150)) / 16 + 0.5, 0, 1)[..., None]
    noise = np.random.default_rng(1).integers(-20, 20, (HEIGHT, WIDTH, 3))
    colors = (220, 60, 50) * share + (40, 190, 70) * (1 - share) + noise
    pixels = np.full((HEIGHT, WIDTH, 4), 255, np.uint8)
    pixels[..., :3] = np.clip(colors, 0, 255)
    return pixels


def model_mask() -> NDArray[np.uint8]:
    """The model's answer: the disc, a little wrong and softer."""
    rows, columns = np.indices((1024, 1024))
    distance = np.hypot(rows * HEIGHT / 1024 - 101, columns * WIDTH / 1024 - 149)
    return (np.clip((72 - distance) / 22 + 0.5, 0, 1) * 255).astype(np.uint8)


def jpeg() -> bytes:
    return encoded(Image.fromarray(scene()).convert("RGB"), "JPEG", quality=95)


def png(own: str = "") -> bytes:
    pixels = scene()
    if own == "holes":
        pixels[::3, ::5, 3] = 0
    if own == "semi-transparent":
        pixels[..., 3] = np.linspace(0, 255, WIDTH).astype(np.uint8)
        pixels[90:110, :, 3] = 255
    return encoded(Image.fromarray(pixels), "PNG")


def run(files: Files, **fields: str) -> EncodedResult:
    options = parse(fields)
    headers = read_headers(files, max_bytes=10**7, max_pixels=10**7)
    decoded = pipeline.decode_images(headers, options)
    mask = decode_mask(headers.mask) if headers.mask else model_mask()
    return pipeline.compose_and_encode(decoded, mask, options, 10**7)


def pixels_of(result: EncodedResult) -> NDArray[np.uint8]:
    return np.asarray(Image.open(BytesIO(result.data)).convert("RGBA"))


def alpha_of(files: Files, **fields: str) -> NDArray[np.uint8]:
    return pixels_of(run(files, **fields))[..., 3]


def levels(values: NDArray[np.uint8]) -> bytes:
    return encoded(Image.fromarray(values), "PNG")


IMAGES = {
    "JPEG": jpeg(),
    "PNG": png(),
    "holes": png("holes"),
    "semi-transparent": png("semi-transparent"),
}
