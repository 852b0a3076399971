"""Which arithmetic a model runs with on this CPU."""

from pathlib import Path

import openvino

from serving.manifest import FILE_NAME, Manifest, Precision

CPU_INFO = Path("/proc/cpuinfo")
"""Linux' description of the CPU."""

INSTRUCTIONS: dict[Precision, str] = {"bf16": "bfloat16", "int8": "VNNI"}
"""What a precision needs of the CPU. Without VNNI, sums of int8 products overflow."""


def is_supported(precision: Precision) -> bool:
    """Return whether this CPU has the instructions for a precision."""
    if precision == "bf16":
        return "BF16" in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES")
    if precision == "int8":
        return bool({"avx512_vnni", "avx_vnni"} & _cpu_words())
    return True


def is_bf16_faster() -> bool:
    """Return whether a mask takes less time in bfloat16 than in float32 on this CPU.

    Intel's CPUs do only half as many multiplications a cycle with AVX-512's bfloat16 as with
    float32; bfloat16 pays there with AMX, which many virtual machines lack. Measured, seconds a
    mask on two cores: Emerald Rapids without AMX 1.93 in bf16 and 1.11 in f32, Zen 5 0.42 and 0.82.

    Without Linux' description of the CPU, such as on macOS, bfloat16 counts as faster where there
    is any.
    """
    words = _cpu_words()
    return is_supported("bf16") and ("GenuineIntel" not in words or "amx_bf16" in words)


def float_precision() -> Precision:
    """Return the faster one of `f32` and `bf16` on this CPU."""
    return "bf16" if is_bf16_faster() else "f32"


def model_precision(built: Manifest, setting: Precision) -> Precision:
    """Return the precision of a model on this CPU. See `resolve_precision`."""
    return resolve_precision(built.precision, setting, has_int8=bool(built.int8_ir))


def resolve_precision(declared: Precision, setting: Precision, *, has_int8: bool) -> Precision:
    """Return the precision of a model on this CPU: `f32`, `bf16` or `int8`.

    `auto` is bf16 where that is fast. Elsewhere it is int8 if the model has it and the CPU has
    VNNI: 0.36 s a mask on two cores of Emerald Rapids. On Zen 5 int8 saves a quarter of the time of
    bf16 (0.31 s), less the second looks: too little to give up bf16's exactness for.

    Args:
        declared: by the model's manifest; `auto` leaves it to the setting.
        setting: CLEARBG_PRECISION. `int8` is as `auto` for models without it.
        has_int8: whether the model was built in int8 too.

    Raises:
        ValueError: this CPU does not support it, or the manifest declares int8 without having it.
    """
    wanted = declared if declared != "auto" else setting
    if declared == "int8" and not has_int8:
        raise ValueError(f"The model was built without int8, which its {FILE_NAME} declares.")
    if wanted == "int8" and not has_int8:
        wanted = "auto"
    if not is_supported(wanted):
        raise ValueError(_unsupported(wanted, declared))
    if wanted != "auto":
        return wanted
    is_int8_best = has_int8 and is_supported("int8") and not is_bf16_faster()
    return "int8" if is_int8_best else float_precision()


def _unsupported(precision: Precision, declared: Precision) -> str:
    missing = f"This CPU has no {INSTRUCTIONS[precision]}"
    if declared == precision:
        return f"{missing}, which the model's {FILE_NAME} declares."
    return f"{missing}. Set CLEARBG_PRECISION to auto or f32."


def _cpu_words() -> set[str]:
    """Return the words of the CPU's description, its flags among them; empty without one."""
    return set(CPU_INFO.read_text().split()) if CPU_INFO.is_file() else set()
