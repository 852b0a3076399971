import warnings
from pathlib import Path

import pytest
import torch

from serving.cpu_runtime import CpuRuntime
from serving.fidelity import iou
from serving.format_runners import REFERENCE_RESIZE
from serving.photos import PHOTOS


@pytest.fixture(scope="module")
def module(model_dir: Path) -> torch.jit.ScriptModule:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        loaded: torch.jit.ScriptModule = torch.jit.load(  # type: ignore[no-untyped-call]
            str(model_dir / "model.pt")
        )
    return loaded


def test_masks_do_not_depend_on_the_batch_size(module: torch.jit.ScriptModule) -> None:
    images = torch.stack(
        [REFERENCE_RESIZE(photo.pixels()).permute(1, 2, 0) for photo in PHOTOS[:3]]
    )
    with torch.inference_mode():
        masks = module(images)
        single = torch.cat([module(image[None]) for image in images])
    assert (masks.shape, masks.dtype) == ((3, 1, 1024, 1024), torch.uint8)
    assert (masks.int() - single.int()).abs().max() <= 1


def test_the_graph_contains_no_device(module: torch.jit.ScriptModule) -> None:
    assert "Device" not in str(module.graph)


def test_a_uniform_image_gives_an_empty_mask(model_dir: Path) -> None:
    grey = torch.full((1024, 1024, 3), 128, dtype=torch.uint8).numpy()
    assert CpuRuntime(model_dir).infer(grey).max() < 128


def test_half_precision_gives_the_same_mask(
    module: torch.jit.ScriptModule, model_dir: Path
) -> None:
    """On a CPU, the file for GPUs loads, has the same input and output, and gives the same mask."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        half = torch.jit.load(str(model_dir / "model_fp16.pt"))  # type: ignore[no-untyped-call]
    assert "Device" not in str(half.graph)
    assert {parameter.dtype for parameter in half.parameters()} <= {torch.float16}
    # At half precision a full-size image takes minutes on a CPU, so use a quarter of the side.
    image = REFERENCE_RESIZE(PHOTOS[0].pixels()).permute(1, 2, 0)[None, ::4, ::4]
    with torch.inference_mode():
        mask, full = half(image), module(image)
    assert (mask.shape, mask.dtype) == ((1, 1, 256, 256), torch.uint8)
    assert iou(mask.numpy(), full.numpy()) > 0.99


def test_the_graphs_argument_has_the_name_in_the_configurations(
    module: torch.jit.ScriptModule,
) -> None:
    """Triton's libtorch backend finds the input by this name, and the output by position."""
    schema = module.forward.schema  # type: ignore[attr-defined]
    assert [argument.name for argument in schema.arguments] == ["self", "image"]
    assert len(schema.returns) == 1
