import warnings
from pathlib import Path

import pytest
import torch

from serving.cpu_runtime import CpuRuntime
from serving.fidelity import REFERENCE, iou
from serving.photos import PHOTOS


@pytest.fixture(scope="module")
def module(model_dir: Path) -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            str(model_dir / "model.pt")
        )
    return loaded


def test_any_batch_size_gives_each_image_its_own_mask(module: torch.jit.ScriptModule) -> None:
    images = torch.stack([REFERENCE(photo.pixels()).permute(1, 2, 0) for photo in PHOTOS[:3]])
    with torch.inference_mode():
        masks = module(images)
        alone = torch.cat([module(image[None]) for image in images])
    assert (masks.shape, masks.dtype) == ((3, 1, 1024, 1024), torch.uint8)
    assert (masks.int() - alone.int()).abs().max() <= 1


def test_no_device_is_baked_into_the_graph(module: torch.jit.ScriptModule) -> None:
    assert "Device" not in str(module.graph)


def test_an_image_with_nothing_in_it_gives_an_empty_mask(model_dir: Path) -> None:
    grey = torch.full((1024, 1024, 3), 128, dtype=torch.uint8).numpy()
    assert CpuRuntime(model_dir).infer(grey).max() < 128


def test_half_precision_cuts_out_the_same(module: torch.jit.ScriptModule, model_dir: Path) -> None:
    """As far as a CPU can tell: the file for GPUs loads, keeps the contract, and agrees."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        half = torch.jit.load(str(model_dir / "model_fp16.pt"))  # type: ignore[no-untyped-call]
    assert "Device" not in str(half.graph)
    assert {parameter.dtype for parameter in half.parameters()} <= {torch.float16}
    # CPUs are slow at half precision, minutes for a full-size image: a quarter of the side will do.
    image = REFERENCE(PHOTOS[0].pixels()).permute(1, 2, 0)[None, ::4, ::4]
    with torch.inference_mode():
        mask, full = half(image), module(image)
    assert (mask.shape, mask.dtype) == ((1, 1, 256, 256), torch.uint8)
    assert iou(mask.numpy(), full.numpy()) > 0.99


def test_the_graphs_argument_is_named_as_the_configurations_say(
    module: torch.jit.ScriptModule,
) -> None:
    """Triton's libtorch backend finds the input by this name, and the only output by its place."""
    schema = module.forward.schema  # type: ignore[attr-defined]
    assert [argument.name for argument in schema.arguments] == ["self", "image"]
    assert len(schema.returns) == 1
