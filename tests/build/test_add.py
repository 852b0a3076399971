"""Models of one's choice: those of our form are added, others leave nothing behind."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openvino
import pytest
from google.protobuf import text_format
from openvino import opset13 as ops
from tritonclient.grpc import model_config_pb2

from gateway import home
from serving import add, manifest, openvino_ir, plausibility
from serving.cpu_runtime import CpuRuntime
from serving.errors import WeightsError
from serving.manifest import Network
from serving.new_model import NewModel
from serving.presets import PRESETS
from serving.weights import sha256
from tests import networks
from tests.networks import SIDE, photo

BIREFNET = replace(PRESETS["birefnet-lite"].network, side=SIDE)
U2NET = replace(PRESETS["u2net"].network, side=SIDE)
ISNET = replace(PRESETS["isnet"].network, side=SIDE)


def added(tmp_path: Path, network: Network, name: str = "small", **options: Any) -> Path:
    """Write a network and add it; return its folder."""
    digest = networks.write(tmp_path / "small.onnx", **options)
    return add_file(tmp_path, network, name, digest)


def add_file(tmp_path: Path, network: Network, name: str, digest: str) -> Path:
    file = tmp_path / "small.onnx"
    new = NewModel(name, "Small", str(file), digest, network, "MIT", precision="f32")
    add.add(
        new,
        tmp_path / "repository",
        store=tmp_path / "store",
        templates=home.configurations() / "isnet",
        photo=home.sample_photo(),
    )
    return tmp_path / "repository" / name


@pytest.mark.parametrize(
    ("network", "options"),
    [
        (BIREFNET, {}),
        (BIREFNET, {"dynamic": True}),
        (U2NET, {"sigmoid": True}),
        (ISNET, {"sigmoid": True}),
    ],
    ids=["BiRefNet", "dynamic", "U2-Net", "IS-Net"],
)
def test_the_masks_are_those_of_the_onnx_file(
    tmp_path: Path, network: Network, options: dict[str, Any]
) -> None:
    folder = added(tmp_path, network, **options)
    runtime = CpuRuntime(folder / "1")
    for image in (photo(), photo()[:, ::-1].copy(), 255 - photo()):
        expected = networks.reference(tmp_path / "small.onnx", network, image)
        assert np.abs(runtime.infer(image) - expected).max() <= 1
    assert np.ptp(expected) > 100


def test_the_version_names_weights_and_precision(tmp_path: Path) -> None:
    folder = added(tmp_path, BIREFNET)
    built = manifest.read(folder / "1")
    digest = built.source["sha256"]
    assert built.version == f"small-{digest[:12]}"
    assert CpuRuntime(folder / "1", precision="auto").version == f"small-{digest[:12]}-f32"
    assert manifest.installed(folder.parent) == {"small": built}


@pytest.mark.parametrize("name", ["config.pbtxt", "configs/cpu.pbtxt"])
def test_triton_is_configured_for_its_side(tmp_path: Path, name: str) -> None:
    folder = added(tmp_path, BIREFNET)
    config = text_format.Parse((folder / name).read_text(), model_config_pb2.ModelConfig())
    assert config.backend == "python"
    assert list(config.input[0].dims) == [SIDE, SIDE, 3]
    assert list(config.output[0].dims) == [1, SIDE, SIDE]
    assert config.dynamic_batching.priority_levels == 2


REFUSED = [
    ("random weights", BIREFNET, {"knows": 0.0}, "does not find the subject"),
    ("inverted", BIREFNET, {"knows": -6.0}, "inverted"),
    ("logits", U2NET, {}, "--logits"),
    ("no logits", BIREFNET, {"sigmoid": True}, "--no-logits"),
    ("not finite", BIREFNET, {"scale": 1e30}, "not finite"),
    ("another side", replace(BIREFNET, side=128), {}, "takes 3 x 64 x 64, not 3 x 128 x 128"),
    ("no such side", replace(BIREFNET, side=128), {"dynamic": True}, "another --side"),
    ("no such output", replace(BIREFNET, output="d9"), {}, "only logits, small"),
    ("another output", replace(BIREFNET, output="small"), {}, "1 x 32 x 32, not 1 x 64 x 64"),
    # As with levels of 0 to 255 for a network that wants 0 to 1.
    ("scale", replace(BIREFNET, mean=(0, 0, 0), std=(1 / 2550,) * 3), {}, "--mean, --std"),
]


@pytest.mark.parametrize(
    ("network", "options", "hint"), [case[1:] for case in REFUSED], ids=[c[0] for c in REFUSED]
)
def test_a_network_that_is_not_as_declared_is_rejected(
    tmp_path: Path, network: Network, options: dict[str, Any], hint: str
) -> None:
    with pytest.raises(WeightsError) as rejected:
        added(tmp_path, network, **options)
    assert hint in str(rejected.value)
    assert list((tmp_path / "repository").iterdir()) == []


def test_another_hash_is_rejected(tmp_path: Path) -> None:
    networks.write(tmp_path / "small.onnx")
    with pytest.raises(WeightsError, match="another SHA-256"):
        add_file(tmp_path, BIREFNET, "small", "0" * 64)
    assert list((tmp_path / "repository").iterdir()) == []


def test_a_file_that_is_no_onnx_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "small.onnx"
    file.write_bytes(b"<html>")
    with pytest.raises(WeightsError, match="no ONNX file"):
        add_file(tmp_path, BIREFNET, "small", sha256(file))


@pytest.mark.parametrize("name", ["isnet", "small", "../x", "", "Capital", "a" * 41])
def test_a_name_must_be_free_and_plain(tmp_path: Path, name: str) -> None:
    added(tmp_path, BIREFNET)
    with pytest.raises(WeightsError, match="name"):
        added(tmp_path, BIREFNET, name)


def test_only_added_models_can_be_removed(tmp_path: Path) -> None:
    folder = added(tmp_path, BIREFNET)
    add.remove("small", folder.parent)
    assert list(folder.parent.iterdir()) == []
    for name in ("small", "isnet", "..", ""):
        with pytest.raises(WeightsError):
            add.remove(name, folder.parent)


def test_a_mask_slightly_above_one_does_not_wrap_around() -> None:
    image = ops.parameter([1, 3, SIDE, SIDE], np.float32)
    mask = ops.multiply(ops.reduce_max(image, [1], keep_dims=True), np.float32(1.01))
    model = openvino.Model([mask], [image], "above")
    contract = Network(side=SIDE, mean=(0, 0, 0))
    served = openvino_ir.with_served_tensors(model, model.output(0), contract, clamped=True)
    answer = openvino.Core().compile_model(served, "CPU")(
        np.full((1, SIDE, SIDE, 3), 255, np.uint8)
    )
    assert np.all(answer[0] == 255)


def test_the_option_says_what_the_file_is_not_its_name(tmp_path: Path) -> None:
    digest = networks.write(tmp_path / "small.pt")
    new = NewModel("small", "Small", str(tmp_path / "small.pt"), digest, BIREFNET, "MIT")
    built = add.add(
        new,
        tmp_path / "repository",
        store=tmp_path / "store",
        templates=home.configurations() / "isnet",
        photo=home.sample_photo(),
    )
    assert built.ir == ("model.xml", "model.bin")


def test_a_damaged_model_is_left_out_and_can_be_removed(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    folder = added(tmp_path, BIREFNET)
    added(tmp_path, BIREFNET, "other")
    (folder / "1.bak").mkdir()
    (folder / "1.bak" / manifest.FILE_NAME).write_text("{}")
    assert list(manifest.installed(folder.parent)) == ["other", "small"]
    (folder / "1" / manifest.FILE_NAME).write_text("{")
    assert list(manifest.installed(folder.parent)) == ["other"]
    assert "clearbg model remove small" in caplog.text
    add.remove("small", folder.parent)
    assert [path.name for path in folder.parent.iterdir()] == ["other"]


def test_single_numbers_that_are_not_finite_are_found() -> None:
    with pytest.raises(WeightsError, match="not finite"):
        plausibility.check_output(np.array([0.5, np.nan], np.float32), ISNET)
