"""The model on this machine's CPU, by OpenVINO: what Triton's CPU backend and the gateway run."""

from pathlib import Path
from typing import Literal

import numpy as np
import openvino
from numpy.typing import NDArray

from serving import manifest

SIDE = 1024
"""Height and width of the model's input and mask, in pixels."""

Precision = Literal["auto", "f32", "bf16"]


def supports_bf16() -> bool:
    """Say whether this CPU multiplies bfloat16 in hardware."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


class CpuRuntime:
    """Loads the built model once and runs one image at a time on all cores.

    One image already fills the cores: a larger batch is slower here, so the model is compiled for
    batch 1. Not thread-safe: one caller at a time.

    Args:
        folder: where the build left isnet.xml, isnet.bin and the manifest.
        precision: `auto` takes bf16 where the CPU has it (half the time, IoU 0.999), else f32.
        threads: cores to use; 0 for all.
        cache_dir: keeps the compiled model, so that the next start is faster.

    Raises:
        ModelNotBuilt: there is no whole model in `folder`.
        ValueError: `bf16` was asked for and this CPU does not have it.
    """

    def __init__(
        self,
        folder: Path,
        *,
        precision: Precision = "auto",
        threads: int = 0,
        cache_dir: Path | None = None,
    ) -> None:
        self.version = manifest.verify(folder, "isnet.xml", "isnet.bin").version
        if precision == "bf16" and not supports_bf16():
            raise ValueError("This CPU has no bfloat16. Set CLEARBG_PRECISION to auto or f32.")
        self.precision = precision if precision != "auto" else "bf16" if supports_bf16() else "f32"
        core = openvino.Core()
        model = core.read_model(folder / "isnet.xml")
        model.reshape([1, SIDE, SIDE, 3])
        options: dict[str, str | int] = {
            "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": self.precision,
        }
        if threads:
            options["INFERENCE_NUM_THREADS"] = threads
        if cache_dir:
            options["CACHE_DIR"] = str(cache_dir)
        self._request = core.compile_model(model, "CPU", options).create_infer_request()

    def infer(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Segment one image.

        Args:
            image: (1024, 1024, 3), sRGB, contiguous.

        Returns:
            (1024, 1024): 255 is surely foreground. The caller owns it.
        """
        # OpenVINO shares no read-only memory, which is what Triton hands out: that is copied.
        self._request.infer({0: openvino.Tensor(image[None], shared_memory=image.flags.writeable)})
        mask: NDArray[np.uint8] = self._request.get_output_tensor(0).data
        return np.array(mask[0, 0])
