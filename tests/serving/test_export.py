import warnings
from pathlib import Path

import pytest
import torch

from serving.cpu_runtime import CpuRuntime
from serving.fidelity import REFERENCE
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
