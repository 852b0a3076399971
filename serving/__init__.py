"""The model side: builds what Triton serves and runs it on CPU. No web code."""

import sys

# OpenVINO's converter reports every run to its maker through this package. ClearBG sends nothing
# home: without it OpenVINO uses its own silent stand-in.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
