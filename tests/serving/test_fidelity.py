"""Every format of the model compared with every other on eight real photos."""

import warnings
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch

from serving import fidelity, format_runners, manifest, openvino_ir
from serving.errors import FidelityError
from serving.fidelity import Fidelity, Mask, compare
from serving.isnet import SIDE, ISNet
from serving.torchscript import ServedNetwork
from serving.weights import Weights

SOURCE = "onnx"
"""ONNX Runtime on the source file: float32, masks not rounded."""
F32 = ("port", "torchscript", "f32 ir of onnx", "f32 ir of torchscript")
"""Float32. Masks of the port are not rounded, those of the others are."""
BF16 = ("bf16 ir of onnx", "bf16 ir of torchscript")
INT8 = "int8 ir of onnx"
PAIRS = list(combinations((SOURCE, *F32, *BF16, INT8), 2))


@pytest.fixture(scope="session")
def ir_of_torchscript(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("of-torchscript")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        module = torch.jit.load(str(model_dir / "model.pt"))  # type: ignore[no-untyped-call]
    openvino_ir.from_torchscript(module, folder)
    artifacts = {name: manifest.describe(folder / name) for name in openvino_ir.FILES}
    replace(manifest.read(model_dir), artifacts=artifacts).write(folder)
    return folder


@pytest.fixture(scope="session")
def masks(
    network: ISNet, source: Weights, model_dir: Path, ir_of_torchscript: Path
) -> dict[str, list[Mask]]:
    """Return the photos' masks by each format that runs on this machine."""
    segment = {
        "port": format_runners.port_runner(network),
        "torchscript": format_runners.torchscript_runner(model_dir),
    }
    if source.path.suffix == ".onnx":
        segment[SOURCE] = format_runners.onnx_runner(source.path)
    for form, folder in {"onnx": model_dir, "torchscript": ir_of_torchscript}.items():
        for precision in format_runners.openvino_precisions(folder):
            runner = format_runners.openvino_runner(folder, precision)
            segment[f"{precision} ir of {form}"] = runner
    images = list(format_runners.model_inputs())
    assert len(images) >= 8
    return {form: [one(image) for image in images] for form, one in segment.items()}


@pytest.mark.parametrize(("one", "other"), PAIRS)
def test_each_pair_of_formats_is_within_its_limits(
    masks: dict[str, list[Mask]], one: str, other: str
) -> None:
    if one not in masks or other not in masks:
        pytest.skip("no bfloat16 or VNNI here, or no ONNX source")
    row = compare(one, other, masks[one], masks[other])
    assert limit(one, other)(row), row


def limit(one: str, other: str) -> Callable[[Fidelity], bool]:
    """Return the limit for a pair. The comments are measured differences, in levels of 255."""
    if other == INT8:  # to f32 mean IoU 0.998, the worst 0.990
        return lambda row: row.mean_iou >= 0.995 and row.min_iou >= 0.98
    if one in BF16 and other in BF16:
        return lambda row: row.max_difference <= 1  # 0
    if other in BF16:  # mean IoU 0.99927, the worst 0.99736; 7 levels at most
        return lambda row: row.mean_iou >= 0.998 and row.min_iou >= 0.99
    if one == SOURCE:  # 0.39 to the port, and rounding adds half a level: 0.88
        return lambda row: row.mean_difference <= 1 and row.max_difference <= 2
    return lambda row: row.max_difference <= 1  # 0 to 1 in 50 of 8.4 million pixels


def test_the_manifest_contains_the_measured_fidelity(
    masks: dict[str, list[Mask]], model_dir: Path
) -> None:
    compared = {
        "port": ("port", SOURCE),
        "torchscript": ("torchscript", "port"),
        "openvino f32": ("f32 ir of onnx", "port"),
        "openvino bf16": ("bf16 ir of onnx", "port"),
        "openvino int8": (INT8, "port"),
    }
    for row in manifest.read(model_dir).fidelity:
        photos = row["photos"]
        one, other = (masks[form][:photos] for form in compared[row["form"]])
        assert row["mean_iou"] == pytest.approx(compare("", "", one, other).mean_iou, abs=1e-3)


def test_a_model_outside_the_limits_is_rejected() -> None:
    bad = Fidelity("openvino bf16", "port", 8, 0.1, 3.0, 0.999, 0.98)
    with pytest.raises(FidelityError, match="bf16"):
        fidelity.check([bad])


def test_the_served_graph_normalises_like_the_reference() -> None:
    """torchvision's reference preprocessing and ours inside the graph give the same input."""

    class Identity(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :1]

    image = torch.arange(256, dtype=torch.uint8).repeat(1, SIDE, 4, 1).permute(0, 1, 3, 2)
    image = image.reshape(1, SIDE, SIDE, 1).expand(-1, -1, -1, 3)
    served = ServedNetwork(Identity())(image)  # type: ignore[arg-type]
    reference = format_runners.REFERENCE_NORMALISE(image[0].permute(2, 0, 1))[:1]
    expected = torch.round(torch.sigmoid(reference) * 255)
    assert np.abs(served[0].float().numpy() - expected.numpy()).max() == 0
