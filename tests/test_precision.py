"""Which arithmetic `auto` is, on CPUs that are told apart by their description."""

from pathlib import Path

import openvino
import pytest

from serving import precision
from serving.manifest import Precision
from serving.precision import resolve_precision

CPUS = {
    "Zen 5": "vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx512f avx512_bf16 avx512_vnni\n",
    "Xeon with AMX": "vendor_id\t: GenuineIntel\nflags\t\t: avx512_bf16 avx512_vnni amx_bf16\n",
    "Xeon without AMX": "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx512_bf16 avx512_vnni\n",
    "Ice Lake": "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx512f avx512_vnni\n",
    "Alder Lake": "vendor_id\t: GenuineIntel\nflags\t\t: fpu avx2 avx_vnni\n",
    "Zen 3": "vendor_id\t: AuthenticAMD\nflags\t\t: fpu avx2\n",
    "unknown": "",
}


@pytest.fixture
def cpu(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU of CPUS, by its name."""
    text = CPUS[request.param]
    monkeypatch.setattr(precision, "CPU_INFO", tmp_path / "cpuinfo")
    precision.CPU_INFO.write_text(text)
    capabilities = ["FP32", "BF16"] if "bf16" in text else ["FP32"]
    monkeypatch.setattr(openvino.Core, "get_property", lambda *_: capabilities)


@pytest.mark.parametrize(
    ("cpu", "with_int8", "without"),
    [
        ("Zen 5", "bf16", "bf16"),
        ("Xeon with AMX", "bf16", "bf16"),
        ("Xeon without AMX", "int8", "f32"),
        ("Ice Lake", "int8", "f32"),
        ("Alder Lake", "int8", "f32"),
        ("Zen 3", "f32", "f32"),
        ("unknown", "f32", "f32"),
    ],
    indirect=["cpu"],
)
@pytest.mark.usefixtures("cpu")
def test_auto_is_the_fastest_one_that_is_exact_enough(with_int8: str, without: str) -> None:
    assert resolve_precision("auto", "auto", has_int8=True) == with_int8
    assert resolve_precision("auto", "auto", has_int8=False) == without
    assert resolve_precision("f32", "auto", has_int8=True) == "f32"
    assert resolve_precision("auto", "f32", has_int8=True) == "f32"


@pytest.mark.parametrize("cpu", ["Xeon without AMX"], indirect=True)
@pytest.mark.usefixtures("cpu")
def test_a_slower_precision_can_be_set() -> None:
    assert resolve_precision("auto", "bf16", has_int8=True) == "bf16"
    assert resolve_precision("bf16", "int8", has_int8=True) == "bf16"


@pytest.mark.parametrize("cpu", ["Zen 5"], indirect=True)
@pytest.mark.usefixtures("cpu")
def test_int8_where_the_model_has_it() -> None:
    assert resolve_precision("auto", "int8", has_int8=True) == "int8"
    assert resolve_precision("auto", "int8", has_int8=False) == "bf16"
    with pytest.raises(ValueError, match="built without int8"):
        resolve_precision("int8", "auto", has_int8=False)


@pytest.mark.parametrize("cpu", ["Zen 3"], indirect=True)
@pytest.mark.parametrize(("name", "missing"), [("bf16", "bfloat16"), ("int8", "VNNI")])
@pytest.mark.usefixtures("cpu")
def test_what_this_cpu_lacks_is_named(name: Precision, missing: str) -> None:
    with pytest.raises(ValueError, match=f"no {missing}. Set CLEARBG_PRECISION to auto or f32"):
        resolve_precision("auto", name, has_int8=True)
    with pytest.raises(ValueError, match=f"no {missing}, which the model's manifest"):
        resolve_precision(name, "auto", has_int8=True)
