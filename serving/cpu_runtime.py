"""Runs the model on the CPU with OpenVINO, in Triton's python backend and in the gateway."""

from pathlib import Path

import numpy as np
import openvino
from numpy.typing import NDArray

from serving import manifest
from serving.cores import core_limit
from serving.manifest import Precision
from serving.precision import resolve_precision


class CpuRuntime:
    """Loads a built model once and runs one image at a time on all cores.

    One image already uses all cores, and a larger batch would be slower, so the model is compiled
    for batch size 1. Not thread-safe.

    Args:
        folder: contains the IR and the manifest.
        precision: `auto` is what is faster on this CPU, f32 or bf16 (half the time, IoU 0.999).
            The manifest may fix it.
        threads: number of cores to use; 0 for all that the process may use.
        cache_dir: folder for the compiled model, which makes the next start faster.

    Attributes:
        side: height and width of input and mask, in pixels.
        precision: `f32` or `bf16`.
        version: of the weights, and the precision.

    Raises:
        ModelNotBuilt: `folder` contains no complete model for CPUs.
        ValueError: `precision` is `bf16`, and this CPU does not support it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        precision: Precision = "auto",
        threads: int = 0,
        cache_dir: Path | None = None,
    ) -> None:
        built = manifest.read(folder)
        manifest.require(folder.parent.name, built, "cpu")
        manifest.verify(folder, *built.ir)
        self.side = built.network.side
        self.precision = resolve_precision(built.precision, precision)
        self.version = f"{built.version}-{self.precision}"
        core = openvino.Core()
        model = core.read_model(folder / built.ir[0])
        model.reshape([1, self.side, self.side, 3])
        options: dict[str, str | int] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self.precision,
        }
        if limit := threads or core_limit():
            options["INFERENCE_NUM_THREADS"] = limit
        if cache_dir:
            options["CACHE_DIR"] = str(cache_dir)
        self._request = core.compile_model(model, "CPU", options).create_infer_request()

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Segment one image.

        Args:
            image: (side, side, 3), sRGB, contiguous.

        Returns:
            (side, side), 0 to 255: 255 is certainly foreground. A copy that the caller owns.
        """
        # OpenVINO cannot share read-only memory, such as Triton's: it copies that.
        self._request.infer({0: openvino.Tensor(image[None], shared_memory=image.flags.writeable)})
        mask: NDArray[np.uint8] = self._request.get_output_tensor(0).data
        return np.array(mask[0, 0])
