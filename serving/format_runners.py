"""Runs each format of the model on photos, to compare their masks.

ONNX Runtime on the source file · PyTorch port · TorchScript · OpenVINO in f32, bf16 and int8
"""

import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms import v2

from serving import manifest
from serving.cpu_runtime import CpuRuntime
from serving.fidelity import Fidelity, Mask, compare
from serving.isnet import SIDE, ISNet
from serving.manifest import Precision
from serving.photos import PHOTOS
from serving.precision import is_supported
from serving.weights import Weights

Segment = Callable[[NDArray[np.uint8]], Mask]

REFERENCE_RESIZE = v2.Compose(
    [
        v2.ToImage(),
        v2.Resize((SIDE, SIDE), v2.InterpolationMode.BILINEAR, antialias=True),
    ]
)
"""(H, W, 3) uint8 to (3, 1024, 1024) uint8, antialiased, as IS-Net's authors do it."""

REFERENCE_NORMALISE = v2.Compose(
    [v2.ToDtype(torch.float32, scale=True), v2.Normalize([0.5, 0.5, 0.5], [1.0, 1.0, 1.0])]
)
"""To -0.5..0.5 (xuebinqin/DIS, IS-Net/Inference.py)."""


def model_inputs() -> Iterator[NDArray[np.uint8]]:
    """Yield the photos as inputs of the model: (1024, 1024, 3) sRGB."""
    for photo in PHOTOS:
        yield REFERENCE_RESIZE(photo.pixels()).permute(1, 2, 0).contiguous().numpy()


def measure(network: ISNet, weights: Weights, folder: Path) -> list[Fidelity]:
    """Compare the PyTorch port with its source, and every format in `folder` with the port.

    Args:
        network: the port, with the weights loaded.
        weights: the source; ONNX Runtime runs it if it is an ONNX file.
        folder: contains model.pt, isnet.xml, isnet.bin and the manifest.
    """
    images = list(model_inputs())

    def masks(segment: Segment) -> list[Mask]:
        return [segment(image) for image in images]

    port_masks = masks(port_runner(network))
    rows = []
    if weights.path.suffix == ".onnx":
        rows.append(compare("port", "onnx", port_masks, masks(onnx_runner(weights.path))))
    rows.append(compare("torchscript", "port", masks(torchscript_runner(folder)), port_masks))
    for precision in openvino_precisions(folder):
        served = masks(openvino_runner(folder, precision))
        rows.append(compare(f"openvino {precision}", "port", served, port_masks))
    return rows


def openvino_precisions(folder: Path) -> list[Precision]:
    """Return the precisions that the model in `folder` has and this CPU supports."""
    built: list[Precision] = ["f32", "bf16"]
    if manifest.read(folder).int8_ir:
        built.append("int8")
    return [precision for precision in built if is_supported(precision)]


def port_runner(network: ISNet) -> Segment:
    """Return a function that runs the PyTorch port; its masks are not rounded."""

    def segment(image: NDArray[np.uint8]) -> Mask:
        with torch.inference_mode():
            logits = network(_normalise(image))
        mask: Mask = torch.sigmoid(logits)[0, 0].double().numpy() * 255
        return mask

    return segment


def onnx_runner(path: Path) -> Segment:
    """Return a function that runs an ONNX file in ONNX Runtime; its masks are not rounded."""
    import onnxruntime  # here, since a build from .pth does not need it

    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def segment(image: NDArray[np.uint8]) -> Mask:
        (mask, *_) = session.run(None, {name: _normalise(image).numpy()})
        return 255 * np.asarray(mask[0, 0], np.float64)

    return segment


def torchscript_runner(folder: Path) -> Segment:
    """Return a function that runs the float32 TorchScript in `folder` on the CPU."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch deprecates TorchScript, but Triton runs it
        module = torch.jit.load(str(folder / "model.pt"))  # type: ignore[no-untyped-call]

    def segment(image: NDArray[np.uint8]) -> Mask:
        with torch.inference_mode():
            mask: torch.Tensor = module(torch.from_numpy(image)[None])[0, 0]
        return mask.numpy().astype(np.float64)

    return segment


def openvino_runner(folder: Path, precision: Precision) -> Segment:
    """Return a function that runs the IR in `folder`, which must have a manifest."""
    runtime = CpuRuntime(folder, precision=precision)
    return lambda image: runtime.infer(image).astype(np.float64)


def _normalise(image: NDArray[np.uint8]) -> torch.Tensor:
    tensor: torch.Tensor = REFERENCE_NORMALISE(torch.from_numpy(image).permute(2, 0, 1))
    return tensor[None]
