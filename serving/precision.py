"""Which arithmetic a model runs with on this CPU."""

from pathlib import Path

import openvino

from serving.manifest import FILE_NAME, Precision

CPU_INFO = Path("/proc/cpuinfo")
"""Linux' description of the CPU."""


def supports_bf16() -> bool:
    """Return whether this CPU has instructions for bfloat16."""
    return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")


def is_bf16_faster() -> bool:
    """Return whether a mask takes less time in bfloat16 than in float32 on this CPU.

    Intel's CPUs do only half as many multiplications a cycle with AVX-512's bfloat16 as with
    float32; bfloat16 pays there with AMX, which many virtual machines lack. Measured, seconds a
    mask on two cores: Emerald Rapids without AMX 1.93 in bf16 and 1.11 in f32, Zen 5 0.42 and 0.82.

    Without Linux' description of the CPU, such as on macOS, bfloat16 counts as faster where there
    is any.
    """
    if not supports_bf16():
        return False
    text = CPU_INFO.read_text() if CPU_INFO.is_file() else ""
    return "GenuineIntel" not in text or " amx_bf16" in text


def resolve_precision(declared: Precision, setting: Precision) -> Precision:
    """Return the precision of a model, `f32` or `bf16`, on this CPU.

    Args:
        declared: by the model's manifest; `auto` leaves it to the setting.
        setting: CLEARBG_PRECISION; `auto` is bf16 if that is faster on this CPU, else f32.

    Raises:
        ValueError: it is `bf16`, and this CPU does not support it.
    """
    wanted = declared if declared != "auto" else setting
    if wanted == "bf16" and not supports_bf16():
        if declared == "bf16":
            raise ValueError(f"This CPU has no bfloat16, which the model's {FILE_NAME} declares.")
        raise ValueError("This CPU has no bfloat16. Set CLEARBG_PRECISION to auto or f32.")
    return wanted if wanted != "auto" else "bf16" if is_bf16_faster() else "f32"
