"""IS-Net at a quarter of its resolution: the real weights and formats, a sixteenth of the time.

Tests of what surrounds the network (queues, failures, jobs, transports) run on it, so that they
take no longer on a CPU that needs seconds for a full mask. Its masks resemble the full ones, but
lose small subjects: tests of masks use `FULL_REPOSITORY`.
"""

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from openvino import opset13 as ops
from openvino.preprocess import PrePostProcessor, ResizeAlgorithm

from serving import manifest, openvino_ir
from serving.lock import file_lock
from serving.manifest import SIDE

ROOT = Path(__file__).parents[1]
FULL_REPOSITORY = ROOT / "model_repository"
REDUCED_REPOSITORY = ROOT / ".reduced-model"
FACTOR = 4


def build() -> None:
    """Build the reduced repository from the full one, unless it is up to date."""
    full, reduced = FULL_REPOSITORY / "isnet" / "1", REDUCED_REPOSITORY / "isnet" / "1"
    source = manifest.read(full)
    with file_lock(reduced / manifest.FILE_NAME):
        _copy_configurations()
        if not _is_up_to_date(source, reduced):
            (reduced / manifest.FILE_NAME).unlink(missing_ok=True)
            model = openvino.Core().read_model(full / source.ir[0])
            openvino_ir.save(_reduced(model), reduced / source.ir[0])
            artifacts = {name: manifest.describe(reduced / name) for name in source.ir}
            replace(source, artifacts=artifacts, built_at=_identity(source)).write(reduced)


def _copy_configurations() -> None:
    for path in ("config.pbtxt", "configs/cpu.pbtxt", "1/model.py"):
        copy = REDUCED_REPOSITORY / "isnet" / path
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(FULL_REPOSITORY / "isnet" / path, copy)


def _is_up_to_date(source: manifest.Manifest, reduced: Path) -> bool:
    try:
        return manifest.verify(reduced, *source.ir).built_at == _identity(source)
    except manifest.ModelNotBuilt:
        return False


def _identity(source: manifest.Manifest) -> str:
    """Return what names the full IR that a reduced one was made from."""
    return source.artifacts[source.ir[1]].sha256


def _reduced(model: Any) -> Any:
    """Return the served model with its network at SIDE / FACTOR, its tensors as they are."""
    _divide_sizes(model)
    steps = PrePostProcessor(model)
    image = steps.input(0)
    image.tensor().set_shape([1, SIDE, SIDE, 3]).set_layout(openvino.Layout("NHWC"))
    image.preprocess().resize(ResizeAlgorithm.RESIZE_LINEAR)
    image.model().set_layout(openvino.Layout("NHWC"))
    model = steps.build()
    mask = ops.convert(model.output(0).get_node().input_value(0), "f32")
    sides, axes = np.array([SIDE, SIDE], np.int64), np.array([2, 3], np.int64)
    enlarged = ops.interpolate(mask, sides, "linear_onnx", "sizes", axes=axes)
    levels = ops.convert(ops.round(enlarged, "half_to_even"), "u8")
    return openvino.Model([levels], model.get_parameters(), "isnet")


def _divide_sizes(model: Any) -> None:
    """Make the network's input smaller, and the sizes of its enlargements, which are constants."""
    enlargements = [node for node in model.get_ops() if node.get_type_name() == "Interpolate"]
    shapes = [np.array(node.output(0).get_shape(), np.int64) for node in enlargements]
    model.reshape([1, -1, -1, 3])
    for node, shape in zip(enlargements, shapes, strict=True):
        shape[2:] //= FACTOR
        node.input(1).replace_source_output(ops.constant(shape).output(0))
    model.reshape([1, SIDE // FACTOR, SIDE // FACTOR, 3])
