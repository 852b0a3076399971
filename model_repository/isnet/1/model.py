"""Triton's python backend for CPUs: the same runtime that the gateway falls back on."""

import os
import sys
from pathlib import Path
from typing import Any

# Triton 2.51 starts Python isolated: it ignores PYTHONPATH, so that is read here.
sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))

import numpy as np
import triton_python_backend_utils as pb_utils  # Triton provides it

from serving.cpu_runtime import CpuRuntime


class TritonPythonModel:
    """One image at a time, however large the batch: a larger batch is slower on CPUs."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model that was built beside this file, as the gateway's own settings say."""
        cache_dir = os.environ.get("CLEARBG_OPENVINO_CACHE")
        self.runtime = CpuRuntime(
            Path(__file__).parent,
            precision=os.environ.get("CLEARBG_PRECISION", "auto"),
            threads=int(os.environ.get("CLEARBG_CPU_THREADS", "0")),
            cache_dir=Path(cache_dir) if cache_dir else None,
        )

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer each request of a batch; a failed one does not fail the others."""
        return [self._answer(request) for request in requests]

    def _answer(self, request: Any) -> Any:
        try:
            # DLPack both ways: in Triton 2.51 the other calls are silently wrong with NumPy 2.
            images = np.from_dlpack(pb_utils.get_input_tensor_by_name(request, "image"))
            masks = np.stack([self.runtime.infer(image)[None] for image in images])
            return pb_utils.InferenceResponse([pb_utils.Tensor.from_dlpack("mask", masks)])
        except (
            Exception
        ) as error:  # whatever it was, the client is told; raising would end the batch
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(str(error)))
