"""The model in Triton's python backend for CPUs. All models have the same code, and this file."""

import os
import sys

# Triton 2.51 starts Python in isolated mode, which ignores PYTHONPATH, so it is read here.
sys.path[:0] = filter(None, os.environ.get("PYTHONPATH", "").split(os.pathsep))

from serving.triton_model import TritonPythonModel

__all__ = ["TritonPythonModel"]
