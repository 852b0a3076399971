"""Real photos for measuring and testing, from packages of the `model` and `dev` extras."""

from dataclasses import dataclass
from importlib.resources import files

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Photo:
    """A photo in an installed package, and its licence."""

    name: str
    package: str
    path: str
    licence: str

    def read(self) -> bytes:
        """Return the encoded file.

        Raises:
            ModuleNotFoundError: its package is not installed.
        """
        return files(self.package).joinpath(self.path).read_bytes()

    def pixels(self) -> NDArray[np.uint8]:
        """Return the decoded photo, (H, W, 3) sRGB."""
        encoded = np.frombuffer(self.read(), np.uint8)
        return np.asarray(cv2.imdecode(encoded, cv2.IMREAD_COLOR_RGB), np.uint8)


PHOTOS = (
    Photo("astronaut", "skimage.data", "astronaut.png", "public domain (NASA)"),
    Photo("chelsea", "skimage.data", "chelsea.png", "CC0 (Stéfan van der Walt)"),
    Photo("coffee", "skimage.data", "coffee.png", "CC0 (Rachel Michetti)"),
    Photo("rocket", "skimage.data", "rocket.jpg", "public domain (SpaceX)"),
    Photo(
        "motorcycle_left",
        "skimage.data",
        "motorcycle_left.png",
        "Middlebury 2014 stereo set, in scikit-image without a licence of its own",
    ),
    Photo("china", "sklearn.datasets.images", "china.jpg", "CC BY 2.0 (danielbuechele)"),
    Photo("flower", "sklearn.datasets.images", "flower.jpg", "CC BY 2.0 (vultilion)"),
    Photo(
        "grace_hopper",
        "matplotlib",
        "mpl-data/sample_data/grace_hopper.jpg",
        "public domain (US Navy)",
    ),
)
