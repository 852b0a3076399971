"""The photo that the snippets send, and what its cut-out must be."""

from io import BytesIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from tests.end_to_end.service import ROOT

PHOTO = ROOT / "docs" / "astronaut.jpg"


def assert_cut_out(data: bytes) -> None:
    """The astronaut is kept, exactly; the flag and the shuttle behind her are gone."""
    alpha = _alpha_of_a_cut_out(data)
    assert alpha[300:500, 100:280].mean() > 250, "her suit"
    assert alpha[:80, :150].max() < 20, "the flag"
    assert alpha[30:240, 360:500].max() < 20, "the shuttle"


def assert_coarsely_cut_out(data: bytes) -> None:
    """As `assert_cut_out`, but as the reduced model sees it: with traces of the background."""
    alpha = _alpha_of_a_cut_out(data)
    assert alpha[300:500, 100:280].mean() > 200, "her suit"
    assert alpha[:80, :150].mean() < 90, "the flag"
    assert alpha[30:240, 360:500].mean() < 90, "the shuttle"


def _alpha_of_a_cut_out(data: bytes) -> NDArray[np.uint8]:
    """Return the alpha; her face is opaque, what is opaque is unchanged, and the rest is empty."""
    image = Image.open(BytesIO(data))
    assert (image.format, image.mode, image.size) == ("PNG", "RGBA", (512, 512))
    pixels = np.asarray(image)
    alpha = pixels[..., 3]
    assert alpha[60:160, 190:250].min() > 200, "her face"
    original = np.asarray(Image.open(PHOTO).convert("RGB"), np.int16)
    solid = alpha == 255
    assert np.abs(pixels[solid][:, :3] - original[solid]).max() <= 4, "colours stay"
    assert not pixels[alpha == 0].any(), "nothing of the background is left"
    return alpha
