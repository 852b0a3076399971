"""A model in Triton's python backend for CPUs: the same runtime as the gateway's fallback.

Only Triton imports this, by the model.py of each model.
"""

import os
from pathlib import Path
from typing import Any

import numpy as np
import triton_python_backend_utils as pb_utils  # provided by Triton

from serving.cpu_runtime import CpuRuntime


class TritonPythonModel:
    """Runs the images of a batch one at a time: a larger batch would be slower on CPUs."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the version that Triton names, with the settings of the gateway."""
        cache_dir = os.environ.get("CLEARBG_OPENVINO_CACHE")
        self.runtime = CpuRuntime(
            Path(args["model_repository"]) / args["model_version"],
            precision=os.environ.get("CLEARBG_PRECISION", "auto"),  # type: ignore[arg-type]
            threads=int(os.environ.get("CLEARBG_CPU_THREADS", "0")),
            cache_dir=Path(cache_dir) if cache_dir else None,
        )

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request of a batch; a failure of one does not affect the others."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        try:
            # DLPack in both directions: Triton 2.51's other calls return wrong data with NumPy 2.
            images = np.from_dlpack(pb_utils.get_input_tensor_by_name(request, "image"))
            masks = np.stack([self.runtime.infer(image)[None] for image in images])
            return pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack("mask", masks)])
        except Exception as error:  # sent to the client; raising it would end the batch
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)))
