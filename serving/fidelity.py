"""How far each built form of the model is from the one before it, on real photos.

ONNX Runtime on the source file -> PyTorch port -> TorchScript, OpenVINO f32, OpenVINO bf16
"""

import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms import v2

from serving.cpu_runtime import CpuRuntime, supports_bf16
from serving.isnet import SIDE, ISNet
from serving.photos import PHOTOS
from serving.weights import Weights

Mask = NDArray[np.float64]
"""(1024, 1024), 0 to 255. Served masks are whole numbers; the port's and ONNX Runtime's are not."""

Segment = Callable[[NDArray[np.uint8]], Mask]

REFERENCE = v2.Compose(
    [
        v2.ToImage(),
        v2.Resize((SIDE, SIDE), v2.InterpolationMode.BILINEAR, antialias=True),
    ]
)
"""(H, W, 3) uint8 to (3, 1024, 1024) uint8: as IS-Net's authors do it, antialiased."""

NORMALISE = v2.Compose(
    [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5, 0.5, 0.5], [1.0, 1.0, 1.0])]
)
"""To -0.5..0.5 (xuebinqin/DIS, IS-Net/Inference.py)."""


@dataclass(frozen=True)
class Fidelity:
    """One form against another. Differences are in mask levels, of 255."""

    form: str
    against: str
    photos: int
    mean_difference: float
    """The largest mean absolute difference of any photo."""
    max_difference: float
    mean_iou: float
    """Intersection over union of the masks cut at 0.5, averaged over the photos."""
    min_iou: float


class FidelityError(Exception):
    """A built form is too far from its source to be used."""


LIMITS: dict[str, Callable[[Fidelity], bool]] = {
    "port": lambda f: f.mean_difference <= 1 and f.max_difference <= 4,  # the source is fp16
    "torchscript": lambda f: f.max_difference <= 1,
    "openvino f32": lambda f: f.max_difference <= 1,
    "openvino bf16": lambda f: f.mean_iou >= 0.998 and f.min_iou >= 0.99,
}


def inputs() -> Iterator[NDArray[np.uint8]]:
    """The photos as the model takes them: (1024, 1024, 3)."""
    for photo in PHOTOS:
        yield REFERENCE(photo.pixels()).permute(1, 2, 0).contiguous().numpy()


def measure(
    network: ISNet, weights: Weights, folder: Path, done: Callable[[], None] = lambda: None
) -> list[Fidelity]:
    """Compare every form in `folder` with the one it came from.

    Args:
        network: the port, with the weights loaded.
        weights: the source; compared by ONNX Runtime when it is an ONNX file.
        folder: holds model.pt, isnet.xml, isnet.bin and the manifest.
        done: called after each form.
    """
    images = list(inputs())
    port = _port(network)
    masks = [port(image) for image in images]
    done()
    rows = []
    if weights.path.suffix == ".onnx":
        source = _onnx(weights.path)
        rows.append(compare("port", "onnx", masks, [source(image) for image in images]))
        done()
    for form, segment in _served(folder):
        rows.append(compare(form, "port", [segment(image) for image in images], masks))
        done()
    return rows


def check(rows: Iterable[Fidelity]) -> None:
    """Refuse a model that is too far from its source.

    Raises:
        FidelityError: naming the first form outside LIMITS.
    """
    for row in rows:
        if not LIMITS[row.form](row):
            raise FidelityError(f"{row.form} is too far from {row.against}: {row}")


def compare(form: str, against: str, masks: list[Mask], references: list[Mask]) -> Fidelity:
    """Compare masks pair by pair."""
    differences = [np.abs(a - b) for a, b in zip(masks, references, strict=True)]
    ious = [iou(a, b) for a, b in zip(masks, references, strict=True)]
    return Fidelity(
        form=form,
        against=against,
        photos=len(masks),
        mean_difference=round(max(float(d.mean()) for d in differences), 5),
        max_difference=round(max(float(d.max()) for d in differences), 3),
        mean_iou=round(float(np.mean(ious)), 5),
        min_iou=round(float(min(ious)), 5),
    )


def iou(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Intersection over union of two masks (0 to 255) cut at 0.5; 1 when both are empty."""
    a, b = a > 127.5, b > 127.5
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0


def _normalised(image: NDArray[np.uint8]) -> torch.Tensor:
    tensor: torch.Tensor = NORMALISE(torch.from_numpy(image).permute(2, 0, 1))
    return tensor[None]


def _port(network: ISNet) -> Segment:
    def segment(image: NDArray[np.uint8]) -> Mask:
        with torch.inference_mode():
            logits = network(_normalised(image))
        mask: Mask = torch.sigmoid(logits)[0, 0].double().numpy() * 255
        return mask

    return segment


def _onnx(path: Path) -> Segment:
    import onnxruntime  # here, since a build from .pth has no use for it

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def segment(image: NDArray[np.uint8]) -> Mask:
        (mask, *_) = session.run(None, {name: _normalised(image).numpy()})
        return 255 * np.asarray(mask[0, 0], np.float64)

    return segment


def _served(folder: Path) -> Iterator[tuple[str, Segment]]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch calls TorchScript deprecated; Triton runs it
        module = torch.jit.load(str(folder / "model.pt"))  # type: ignore[no-untyped-call]
    yield "torchscript", lambda image: _rounded(module(torch.from_numpy(image)[None])[0, 0].numpy())
    full = CpuRuntime(folder, precision="f32")
    yield "openvino f32", lambda image: _rounded(full.infer(image))
    if supports_bf16():
        half = CpuRuntime(folder, precision="bf16")
        yield "openvino bf16", lambda image: _rounded(half.infer(image))


def _rounded(mask: NDArray[np.uint8]) -> Mask:
    return mask.astype(np.float64)
