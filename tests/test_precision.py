"""Which arithmetic `auto` is, on CPUs that are told apart by their description."""

from pathlib import Path

import pytest

from serving import precision

ZEN_5 = "vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx512f avx512_bf16 avx512_vnni\n"
WITH_AMX = "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx512f avx512_bf16 amx_bf16 amx_tile\n"
WITHOUT_AMX = "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx512f avx512_bf16 avx512_vnni\n"


@pytest.mark.parametrize(
    ("cpu", "expected"),
    [(ZEN_5, "bf16"), (WITH_AMX, "bf16"), (WITHOUT_AMX, "f32"), (None, "bf16")],
)
def test_auto_is_the_faster_one(
    cpu: str | None, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "supports_bf16", lambda: True)
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "cpuinfo")
    if cpu:
        precision.CPU_INFO.write_text(cpu)
    assert precision.resolve_precision("auto", "auto") == expected
    assert precision.resolve_precision("auto", "bf16") == "bf16"
    assert precision.resolve_precision("f32", "bf16") == "f32"


def test_without_bf16_auto_is_f32(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(precision, "supports_bf16", lambda: False)
    assert precision.resolve_precision("auto", "auto") == "f32"
    with pytest.raises(ValueError, match="auto or f32"):
        precision.resolve_precision("auto", "bf16")
