"""How the authors of known networks normalise their input, and what these return.

Sources: BiRefNet (ZhengPeng7/BiRefNet, README: ImageNet's mean and deviation, a sigmoid on the last
output); U²-Net (xuebinqin/U-2-Net, data_loader.py: the same at 320 pixels, and a sigmoid inside);
IS-Net (xuebinqin/DIS, Inference.py: 0.5 and 1).
"""

from dataclasses import dataclass

from serving.manifest import Network

IMAGENET_MEAN, IMAGENET_STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


@dataclass(frozen=True)
class Preset:
    """A known network."""

    title: str
    network: Network


def _birefnet(side: int) -> Network:
    return Network(side, IMAGENET_MEAN, IMAGENET_STD, is_logits=True)


PRESETS = {
    "birefnet-lite": Preset("BiRefNet, lite", _birefnet(1024)),
    "birefnet": Preset("BiRefNet, general", _birefnet(1024)),
    "birefnet-hr": Preset("BiRefNet, high resolution", _birefnet(2048)),
    "u2net": Preset("U²-Net", Network(320, IMAGENET_MEAN, IMAGENET_STD)),
    "isnet": Preset("IS-Net", Network()),
}
"""By the names that `clearbg model add` knows."""
