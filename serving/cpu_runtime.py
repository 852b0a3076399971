"""Runs the model on the CPU with OpenVINO, in Triton's python backend and in the gateway."""

from pathlib import Path
from typing import Any

import numpy as np
import openvino
from numpy.typing import NDArray

from serving import manifest
from serving.cores import core_limit
from serving.manifest import Precision
from serving.precision import float_precision, model_precision
from serving.second_look import needs_second_look


class CpuRuntime:
    """Loads a built model once and runs one image at a time on all cores.

    One image already uses all cores, and a larger batch would be slower, so the model is compiled
    for batch size 1. Not thread-safe.

    In int8, an unsure mask is computed again in float; that model is loaded for the first of them.

    Args:
        folder: contains the IR and the manifest.
        precision: see serving/precision.py. The manifest may fix it.
        threads: number of cores to use; 0 for all that the process may use.
        cache_dir: folder for the compiled model, which makes the next start faster.

    Attributes:
        side: height and width of input and mask, in pixels.
        precision: `f32`, `bf16` or `int8`.
        version: of the weights, and the precision.

    Raises:
        ModelNotBuilt: `folder` contains no complete model for CPUs.
        ValueError: this CPU does not support `precision`, or the model does not have it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        precision: Precision = "auto",
        threads: int = 0,
        cache_dir: Path | None = None,
    ) -> None:
        self._folder = folder
        self._built = manifest.read(folder)
        manifest.require(folder.parent.name, self._built, "cpu")
        self.side = self._built.network.side
        self.precision = model_precision(self._built, precision)
        self.version = f"{self._built.version}-{self.precision}"
        self._options: dict[str, str | int] = {"PERFORMANCE_HINT": "LATENCY"}
        if limit := threads or core_limit():
            self._options["INFERENCE_NUM_THREADS"] = limit
        if cache_dir:
            self._options["CACHE_DIR"] = str(cache_dir)
        verified = self._built.ir + (self._built.int8_ir if self.precision == "int8" else ())
        manifest.verify(folder, *verified)
        self._request = self._load(self.precision)
        self._float_request: Any = None

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Segment one image.

        Args:
            image: (side, side, 3), sRGB, contiguous.

        Returns:
            (side, side), 0 to 255: 255 is certainly foreground. A copy that the caller owns.
        """
        mask = self.first_look(image)
        if self.precision == "int8" and needs_second_look(mask):
            self._float_request = self._float_request or self._load(float_precision())
            return _infer(self._float_request, image)
        return mask

    def first_look(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Segment one image in `precision`, however unsure the mask is. See `infer`."""
        return _infer(self._request, image)

    def _load(self, precision: Precision) -> Any:
        """Compile the IR for a precision; return its inference request."""
        names = self._built.int8_ir if precision == "int8" else self._built.ir
        core = openvino.Core()
        model = core.read_model(self._folder / names[0])
        model.reshape([1, self.side, self.side, 3])
        # What is not int8 in the int8 IR runs in float32: in bfloat16, one mask of 47 flips.
        hint = "f32" if precision == "int8" else precision
        options = self._options | {"INFERENCE_PRECISION_HINT": hint}
        return core.compile_model(model, "CPU", options).create_infer_request()


def _infer(request: Any, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    # OpenVINO cannot share read-only memory, such as Triton's: it copies that.
    request.infer({0: openvino.Tensor(image[None], shared_memory=image.flags.writeable)})
    mask: NDArray[np.uint8] = request.get_output_tensor(0).data
    return np.array(mask[0, 0])
