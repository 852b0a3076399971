"""The built model against its source, on eight real photos: the limits are our promise."""

from pathlib import Path

import numpy as np
import pytest
import torch

from serving import fidelity, manifest
from serving.cpu_runtime import supports_bf16
from serving.export import Served
from serving.fidelity import Fidelity, FidelityError
from serving.isnet import SIDE, ISNet
from serving.weights import Weights


@pytest.fixture(scope="module")
def rows(network: ISNet, source: Weights, model_dir: Path) -> dict[str, Fidelity]:
    return {row.form: row for row in fidelity.measure(network, source, model_dir)}


def test_the_port_is_the_published_network(rows: dict[str, Fidelity], source: Weights) -> None:
    if source.path.suffix != ".onnx":
        pytest.skip("only an ONNX source can be run beside the port")
    port = rows["port"]
    assert port.photos >= 8
    assert port.mean_difference <= 1
    assert port.max_difference <= 4


@pytest.mark.parametrize("form", ["torchscript", "openvino f32"])
def test_what_is_exported_is_the_port(rows: dict[str, Fidelity], form: str) -> None:
    assert rows[form].max_difference <= 1


@pytest.mark.skipif(not supports_bf16(), reason="this CPU has no bfloat16")
def test_bf16_cuts_out_the_same(rows: dict[str, Fidelity]) -> None:
    assert rows["openvino bf16"].mean_iou >= 0.998
    assert rows["openvino bf16"].min_iou >= 0.99


def test_the_manifest_says_what_was_measured(rows: dict[str, Fidelity], model_dir: Path) -> None:
    recorded = {row["form"]: row for row in manifest.read(model_dir).fidelity}
    for form, row in rows.items():
        assert recorded[form]["mean_iou"] == pytest.approx(row.mean_iou, abs=1e-3)


def test_a_model_outside_the_limits_is_refused() -> None:
    bad = Fidelity("openvino bf16", "port", 8, 0.1, 3.0, 0.999, 0.98)
    with pytest.raises(FidelityError, match="bf16"):
        fidelity.check([bad])


def test_the_served_graph_normalises_as_the_reference_does() -> None:
    """torchvision's reference preprocessing outside, or ours inside the graph: the same input."""

    class Identity(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return x[:, :1]

    image = torch.arange(256, dtype=torch.uint8).repeat(1, SIDE, 4, 1).permute(0, 1, 3, 2)
    image = image.reshape(1, SIDE, SIDE, 1).expand(-1, -1, -1, 3)
    served = Served(Identity())(image)  # type: ignore[arg-type]
    reference = fidelity.NORMALISE(image[0].permute(2, 0, 1))[:1]
    expected = torch.round(torch.sigmoid(reference) * 255)
    assert np.abs(served[0].float().numpy() - expected.numpy()).max() == 0
