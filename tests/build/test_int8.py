"""The int8 model: built from weights and calibrated ranges, exact enough, or looked at again.

The reduced network's masks mean nothing, but they must be the same in int8 as in float32.
"""

import logging
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino
import pytest
from numpy.typing import NDArray
from openvino import opset13 as ops

from gateway.settings import Settings
from loadtest.int8 import pictures
from loadtest.int8.observe import layers, observe
from loadtest.int8.ranges import Search
from serving import fidelity, int8_ir, manifest, openvino_ir, quantization
from serving.cpu_runtime import CpuRuntime
from serving.photos import PHOTOS
from serving.precision import float_precision, is_supported
from serving.second_look import needs_second_look
from tests.reduced_model import REDUCED_REPOSITORY

IMAGES = {photo.name: photo for photo in PHOTOS}
needs_vnni = pytest.mark.skipif(not is_supported("int8"), reason="this CPU has no VNNI")


@pytest.mark.real
@needs_vnni
def test_masks_are_those_of_float32_but_for_single_levels(settings: Settings) -> None:
    quick, exact = (CpuRuntime(settings.model_dir, precision=name) for name in ("int8", "f32"))
    assert quick.version.endswith("-int8")
    for name in ("astronaut", "coffee", "grace_hopper"):
        image = pictures.fit(IMAGES[name].pixels())
        mask, reference = quick.infer(image), exact.infer(image)
        assert fidelity.iou(mask, reference) > 0.99
        assert np.abs(mask.astype(int) - reference).mean() < 1


@pytest.mark.real
@needs_vnni
def test_an_unsure_mask_is_computed_again_in_float(settings: Settings) -> None:
    image = pictures.fit(IMAGES["rocket"].pixels())
    runtime = CpuRuntime(settings.model_dir, precision="int8")
    reference = CpuRuntime(settings.model_dir, precision=float_precision()).infer(image)
    assert not np.array_equal(runtime.first_look(image), reference)
    assert np.array_equal(runtime.infer(image), reference)


SIDE = 256
DISC = np.hypot(*(np.mgrid[:SIDE, :SIDE] - SIDE / 2)) < SIDE / 4


@pytest.mark.parametrize(
    ("mask", "expected"),
    [
        (np.where(DISC, 255, 0), False),
        (np.where(DISC, 230, 0), False),
        (np.where(DISC, 200, 0), True),
        (np.where(DISC, 255, 40), True),
        (np.where(DISC, 100, 0), True),
        (np.zeros((SIDE, SIDE)), False),
        (np.full((SIDE, SIDE), 255), False),
        (np.pad(np.full((4, 4), 100), (0, SIDE - 4)), False),
    ],
    ids=["clear", "almost clear", "low", "haze", "only low", "empty", "full", "a few pixels"],
)
def test_what_is_looked_at_again(mask: NDArray[np.generic], expected: bool) -> None:
    assert needs_second_look(mask.astype(np.uint8)) is expected


def test_the_file_of_ranges_is_read_as_it_was_written(tmp_path: Path) -> None:
    ranges = quantization.load()
    ranges.save(tmp_path / "copy.npz")
    copy = quantization.load(tmp_path / "copy.npz")
    assert copy.weights_sha256 == ranges.weights_sha256
    for written, read in (
        (ranges.limits, copy.limits),
        (ranges.steps, copy.steps),
        (ranges.biases, copy.biases),
    ):
        assert written.keys() == read.keys()
        assert all(np.array_equal(written[node], read[node]) for node in written)
    assert quantization.FILE.stat().st_size < 1_000_000


@needs_vnni
def test_a_calibrated_network_keeps_its_masks() -> None:
    folder = REDUCED_REPOSITORY / "isnet" / "1"
    ir = folder / "isnet.xml"
    images = [pictures.fit(photo.pixels()) for photo in PHOTOS[:3]]
    ranges = Search(layers(ir), observe(ir, images)).run("")
    model = int8_ir.read_f32(ir)
    exact = _runner(model)
    assert int8_ir.is_calibrated(model, ranges)
    int8_ir.quantize(model, ranges)
    quick = _runner(model)
    for image in images:
        difference = np.abs(quick(image).astype(int) - exact(image))
        assert 0 < difference.mean() < 6  # 1 to 3; with a third of the ranges 34 to 139


def _runner(model: openvino.Model) -> Callable[[NDArray[np.uint8]], NDArray[np.uint8]]:
    model = model.clone()
    model.reshape([1, 1024, 1024, 3])
    options = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = openvino.Core().compile_model(model, "CPU", options)
    return lambda image: np.array(compiled(image[None])[0][0, 0], np.uint8)


def test_another_graph_is_served_without_int8(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    image = ops.parameter([1, 8, 8, 3], np.uint8)
    openvino_ir.save(openvino.Model([image], [image]), tmp_path / openvino_ir.FILES[0])
    int8_ir.build_if_calibrated(quantization.load().weights_sha256, tmp_path)
    assert "without int8" in caplog.text
    assert not (tmp_path / int8_ir.FILES[0]).exists()


def test_other_weights_have_no_ranges(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        int8_ir.build_if_calibrated("0" * 64, tmp_path)
    assert not caplog.records
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real
def test_int8_is_built_with_the_known_weights(settings: Settings) -> None:
    built = manifest.read(settings.model_dir)
    is_known = built.source["sha256"] == quantization.load().weights_sha256
    assert is_known == ("isnet_int8.xml" in built.artifacts)
