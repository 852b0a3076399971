"""Networks other than IS-Net are rejected. Its fidelity: tests/serving/test_fidelity.py."""

from pathlib import Path

import numpy as np
import openvino
import pytest
from openvino import opset13 as ops

from serving import openvino_ir
from serving.errors import WeightsError
from serving.manifest import SIDE
from serving.weights import Weights

EMPTY_ONNX = b"\x08\x07\x3a\x00"


@pytest.mark.parametrize("content", [b"\x08\x07not weights at all", b"", b"<html>", EMPTY_ONNX])
def test_a_file_that_is_no_network_is_rejected(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "weights.onnx"
    path.write_bytes(content)
    with pytest.raises(WeightsError, match=r"weights\.onnx"):
        openvino_ir.from_onnx(path, tmp_path)


@pytest.mark.parametrize(
    ("input_shape", "output_shape"),
    [
        ([1, 3, 320, 320], [1, 1, 320, 320]),
        ([1, 3, SIDE, SIDE], [1, 3, SIDE, SIDE]),
        ([1, 3, -1, -1], [1, 1, SIDE, SIDE]),
        ([SIDE], [SIDE]),
    ],
)
def test_a_network_of_other_shapes_is_rejected(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, input_shape: list[int], output_shape: list[int]
) -> None:
    """OpenVINO reads its own format with the same call, so the test needs no ONNX writer."""
    image = ops.parameter(openvino.PartialShape(input_shape), np.float32)
    mask = ops.broadcast(
        ops.reduce_max(image, list(range(len(input_shape))), keep_dims=False), output_shape
    )
    path = tmp_path / "other.xml"
    openvino.save_model(openvino.Model([mask], [image], "other"), str(path))
    with pytest.raises(WeightsError, match="no IS-Net"):
        openvino_ir.from_onnx(path, tmp_path)


@pytest.mark.real
def test_the_graph_has_the_served_tensors_and_the_weights_keep_their_precision(
    source: Weights, tmp_path: Path
) -> None:
    if source.path.suffix != ".onnx":
        pytest.skip("needs ONNX weights")
    openvino_ir.from_onnx(source.path, tmp_path)
    model = openvino.Core().read_model(tmp_path / "isnet.xml")
    (image,), (mask,) = model.inputs, model.outputs
    assert (image.get_any_name(), list(image.shape)) == ("image", [1, SIDE, SIDE, 3])
    assert (mask.get_any_name(), list(mask.shape)) == ("mask", [1, 1, SIDE, SIDE])
    assert image.element_type == mask.element_type == openvino.Type.u8
    assert (tmp_path / "isnet.bin").stat().st_size <= source.path.stat().st_size
