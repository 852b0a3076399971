"""The model: builds what Triton serves, and runs it on CPUs. No web code."""

import sys

# OpenVINO's converter sends usage data through this package. ClearBG sends none: without the
# package OpenVINO uses a built-in stub.
sys.modules["openvino_telemetry"] = None  # type: ignore[assignment]
